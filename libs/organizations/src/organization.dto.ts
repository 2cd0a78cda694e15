import { z } from 'zod';
import { fields } from '#platform/http';
import { listOf, viewOf } from '#records';
import { ORG_TYPES } from './organization.entity';

const orgType = z.enum(ORG_TYPES).describe('What the organization is to the local.');
const name = fields.text(255).meta({ examples: ['Harbor Electric'] });

const optional = {
  address: fields
    .text(255)
    .nullish()
    .meta({ examples: ['40 Dock Road'] }),
  city: fields
    .text(100)
    .nullish()
    .meta({ examples: ['Springfield'] }),
  state: fields
    .text(50)
    .nullish()
    .meta({ examples: ['WA'] }),
  zipCode: fields
    .text(20)
    .nullish()
    .meta({ examples: ['98001'] }),
  phone: fields
    .text(50)
    .nullish()
    .meta({ examples: ['555-0140'] }),
  email: fields.email
    .nullish()
    .describe('Stored in lower case.')
    .meta({ examples: ['office@harbor.example'] }),
  website: fields
    .text(255)
    .nullish()
    .meta({ examples: ['https://harbor.example'] }),
  saltingScore: z
    .int()
    .min(1)
    .max(5)
    .nullish()
    .describe('How it takes to organizing: 1 hostile, 2 resistant, 3 neutral, 4 receptive, 5 supportive.')
    .meta({ examples: [3] }),
  saltingNotes: fields.longText(20_000).nullish().describe('For those who organize.'),
};

export const CreateOrganization = z.strictObject({ name, orgType, ...optional }).meta({ id: 'CreateOrganization' });
export const UpdateOrganization = CreateOrganization.partial().meta({ id: 'UpdateOrganization' });
export const OrganizationView = viewOf('OrganizationView', CreateOrganization.shape, {
  restricted: ['saltingScore', 'saltingNotes'],
  isSoft: true,
});
export const organizationFilters = {
  q: fields.text(100).optional().describe('The beginning of a name; failing that, any part of one.'),
  orgType: orgType.optional(),
};

export const CreateOrganizationContact = z
  .strictObject({
    organizationId: fields.id.describe('The organization to which the person belongs.'),
    firstName: fields.text(100).meta({ examples: ['Dana'] }),
    lastName: fields.text(100).meta({ examples: ['Reyes'] }),
    title: fields
      .text(100)
      .nullish()
      .meta({ examples: ['Payroll manager'] }),
    phone: fields
      .text(50)
      .nullish()
      .meta({ examples: ['555-0141'] }),
    email: fields.email.nullish().meta({ examples: ['dana@harbor.example'] }),
    isPrimary: z
      .boolean()
      .describe('Whom to turn to first. Making one contact primary ends that of the other.')
      .default(false),
    notes: fields
      .longText(500)
      .nullish()
      .meta({ examples: ['Calls back in the morning.'] }),
  })
  .meta({ id: 'CreateOrganizationContact' });
export type CreateOrganizationContact = z.infer<typeof CreateOrganizationContact>;
export const UpdateOrganizationContact = z
  .strictObject({ ...CreateOrganizationContact.shape, isPrimary: CreateOrganizationContact.shape.isPrimary.unwrap() })
  .partial()
  .meta({ id: 'UpdateOrganizationContact' });
export type UpdateOrganizationContact = z.infer<typeof UpdateOrganizationContact>;
export const OrganizationContactView = viewOf('OrganizationContactView', CreateOrganizationContact.shape, {
  isSoft: true,
});
export const OrganizationContactPage = listOf(OrganizationContactView, 'OrganizationContactPage');
export const contactFilters = {
  q: fields.text(100).optional().describe('The beginning of a last name, or of the whole name, last name first.'),
  organizationId: fields.idText.optional().describe('Contacts of this organization.'),
  primary: fields.flag.optional().describe('Primary contacts only, or the others only.'),
};
