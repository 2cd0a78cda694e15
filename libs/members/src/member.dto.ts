import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';
import { CLASSIFICATIONS, MEMBER_STATUSES } from './member.entity';

const status = z.enum(MEMBER_STATUSES).describe('How the member stands with the local.');
const classification = z.enum(CLASSIFICATIONS).describe('The rank in the trade.');

/** The member that the documentation shows. */
const sample = {
  memberNumber: '7464416',
  firstName: 'Rosa',
  lastName: 'Delgado',
  middleName: 'Maria',
  address: '12 Elm Street',
  city: 'Springfield',
  state: 'WA',
  zipCode: '98001',
  phone: '555-0134',
  email: 'rosa.delgado@example.org',
  dateOfBirth: '1984-03-15',
  hireDate: '2009-06-01',
  notes: 'Prefers to be called in the evening.',
};
const like = (field: keyof typeof sample) => ({ examples: [sample[field]] });

const memberNumber = z
  .string()
  .trim()
  .regex(/^[0-9A-Za-z]{1,50}$/, 'must be 1 to 50 letters and digits')
  .describe('The number on the union card; letters and digits, unique in any case.')
  .meta({ examples: [sample.memberNumber, 'A8000012'] });

/** Fields that may be empty: null in a view, null or absent in what is sent. */
const optional = {
  middleName: fields.text(100).nullish().meta(like('middleName')),
  address: fields.text(255).nullish().meta(like('address')),
  city: fields.text(100).nullish().meta(like('city')),
  state: fields.text(50).nullish().meta(like('state')),
  zipCode: fields.text(20).nullish().meta(like('zipCode')),
  phone: fields.text(50).nullish().meta(like('phone')),
  email: fields.email.nullish().describe('Stored in lower case; several members may share one.').meta(like('email')),
  dateOfBirth: fields.pastDay.nullish().meta(like('dateOfBirth')),
  hireDate: fields.day.nullish().describe('The day of joining the union.').meta(like('hireDate')),
  notes: fields.longText(20_000).nullish().describe('For the office only.').meta(like('notes')),
};

const required = {
  memberNumber,
  firstName: fields.text(100).meta(like('firstName')),
  lastName: fields.text(100).meta(like('lastName')),
  classification,
};

export const CreateMember = z
  .strictObject({ ...required, status: status.default('active'), ...optional })
  .meta({ id: 'CreateMember' });
export type CreateMember = z.infer<typeof CreateMember>;

/** A merge patch (RFC 7396): what is absent stays, null empties. */
export const UpdateMember = z
  .strictObject({ ...required, status, ...optional })
  .partial()
  .meta({ id: 'UpdateMember' });
export type UpdateMember = z.infer<typeof UpdateMember>;

/** What a member may change of their own record. */
export const CONTACT_DETAILS = ['address', 'city', 'state', 'zipCode', 'phone', 'email'] as const;

const { classification: _classification, ...names } = required;
const { notes, ...personal } = optional;

/** What an instructor sees of a student. */
export const NAMES = ['id', 'memberNumber', 'firstName', 'lastName', 'middleName'] as const;

export const MemberView = viewOf(
  'MemberView',
  { ...names, ...personal, status, classification, notes },
  { restricted: { except: NAMES }, isSoft: true },
);

export const MergeMembers = z
  .strictObject({
    into: fields.id.describe('The member who stays.').meta({ examples: [1] }),
    reason: fields
      .text(500)
      .describe('Why they are one person.')
      .meta({ examples: ['Entered twice: maiden name.'] }),
    dryRun: z
      .boolean()
      .default(false)
      .describe('Says what would be moved, and moves nothing.')
      .meta({ examples: [true] }),
  })
  .meta({ id: 'MergeMembers' });
export type MergeMembers = z.infer<typeof MergeMembers>;

export const MergeReport = z
  .object({
    from: z.int().describe('The member who is removed; the number goes on finding the other.'),
    into: z.int().describe('The member who has everything of both.'),
    dryRun: z.boolean().describe('Whether nothing was moved.'),
    moved: z
      .array(z.object({ table: z.string().describe('A table.'), ids: z.array(z.int()).describe('The records.') }))
      .describe('The records that were moved, or would be.'),
  })
  .meta({ id: 'MergeReport' });
export type MergeReport = z.infer<typeof MergeReport>;

export const memberFilters = {
  q: fields
    .text(100)
    .optional()
    .describe(
      'The beginning of a name ("delg", "rosa d", "delgado, r") or of a member number; failing that, any part of one.',
    ),
  status: status.optional(),
  classification: classification.optional(),
};

export const ByNumber = z.strictObject({ number: memberNumber });
