import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';

const sent = {
  tableName: fields
    .text(63)
    .describe('The table whose entries are kept, as the ledger names it; `*` for all.')
    .meta({ examples: ['members'] }),
  framework: fields
    .text(50)
    .describe('The law, standard or rule that asks for it.')
    .meta({ examples: ['Bylaws'] }),
  years: z
    .int()
    .min(1)
    .max(100)
    .describe('Calendar years from an entry on.')
    .meta({ examples: [10] }),
  source: fields
    .text(500)
    .describe('Where that is written, and how the years follow from it.')
    .meta({ examples: ['Bylaws, Art. XII § 3: records of members are kept for ten years.'] }),
};

export const CreateRetentionPolicy = z.strictObject(sent).meta({ id: 'CreateRetentionPolicy' });
export type CreateRetentionPolicy = z.infer<typeof CreateRetentionPolicy>;
export const UpdateRetentionPolicy = z.strictObject(sent).partial().meta({ id: 'UpdateRetentionPolicy' });
export type UpdateRetentionPolicy = z.infer<typeof UpdateRetentionPolicy>;
export const RetentionPolicyView = viewOf('RetentionPolicyView', sent, { isSoft: false });

export const retentionPolicyFilters = {
  tableName: fields.text(63).optional().describe('Policies of this table; not those of `*`.'),
  framework: fields.text(50).optional().describe('Policies under this framework.'),
};
