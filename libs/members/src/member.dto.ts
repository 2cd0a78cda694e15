import { z } from 'zod';
import { fields } from '#platform/http';
import { listOf, listQuery } from '#records';
import { CLASSIFICATIONS, MEMBER_STATUSES } from './member.entity';

const status = z.enum(MEMBER_STATUSES);
const classification = z.enum(CLASSIFICATIONS);
const memberNumber = z
  .string()
  .regex(/^[0-9A-Za-z]{1,50}$/, 'must be 1 to 50 letters and digits')
  .describe('The number on the union card; letters and digits, unique.')
  .meta({ examples: ['7464416', 'A8000012'] });

/** Fields that may be empty: null in a view, null or absent in what is sent. */
const optional = {
  middleName: fields.text(100).nullish(),
  address: fields.text(255).nullish().meta({ examples: ['12 Elm Street'] }),
  city: fields.text(100).nullish(),
  state: fields.text(50).nullish(),
  zipCode: fields.text(20).nullish(),
  phone: fields.text(50).nullish().meta({ examples: ['555-0134'] }),
  email: fields.email.nullish().describe('Stored in lower case; several members may share one.'),
  dateOfBirth: fields.day.nullish(),
  hireDate: fields.day.nullish().describe('The day of joining the union.'),
  notes: fields.longText(20_000).nullish().describe('For the office only.'),
};

const required = {
  memberNumber,
  firstName: fields.text(100).meta({ examples: ['Rosa'] }),
  lastName: fields.text(100).meta({ examples: ['Delgado'] }),
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

const line = z.string().nullable();

/** A member as a reply shows one. `notes` is left out for those who may not read it. */
export const MemberView = z
  .object({
    id: z.int(),
    memberNumber: z.string().meta({ examples: ['7464416'] }),
    firstName: z.string(),
    lastName: z.string(),
    middleName: line,
    address: line,
    city: line,
    state: line,
    zipCode: line,
    phone: line,
    email: line,
    dateOfBirth: z.iso.date().nullable(),
    hireDate: z.iso.date().nullable(),
    status,
    classification,
    notes: line.optional(),
    createdAt: fields.instantView,
    updatedAt: fields.instantView,
    deletedAt: fields.instantView.nullable(),
  })
  .meta({ id: 'MemberView' });

export const MemberPage = listOf(MemberView, 'MemberPage');

export const MEMBER_SORTS = ['id', 'memberNumber', 'lastName', 'firstName', 'hireDate', 'status', 'classification', 'createdAt', 'updatedAt'] as const;

const filters = {
  q: fields
    .text(100)
    .optional()
    .describe('The beginning of a name ("delg", "rosa d", "delgado, r") or of a member number; failing that, any part of one.'),
  status: status.optional(),
  classification: classification.optional(),
};

export const MemberQuery = listQuery(MEMBER_SORTS, filters);
export type MemberQuery = z.infer<typeof MemberQuery>;

/** An export takes the list's filters, and no paging: it holds every record that matches. */
export const ExportQuery = z.strictObject({ format: z.literal('csv').default('csv'), ...filters });
export type ExportQuery = z.infer<typeof ExportQuery>;

export const ByNumber = z.strictObject({ number: memberNumber });
