import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';

const heldFrom = 'Entries from this instant on.';
const heldTo = 'Entries before this instant.';
const sent = {
  matter: fields
    .text(200)
    .describe('The case, claim or inquiry that the entries are held for.')
    .meta({ examples: ['Delgado v. Northern Electric'] }),
  reason: fields
    .longText(2_000)
    .describe('Why they must be held.')
    .meta({ examples: ['Letter of counsel of 3 November: preserve all records of the grievance.'] }),
  tableName: fields
    .text(63)
    .nullish()
    .describe('Entries about this table, as the ledger names it.')
    .meta({ examples: ['grievances'] }),
  recordId: fields.id
    .nullish()
    .describe('Entries about this record of the table.')
    .meta({ examples: [17] }),
  userId: fields.id.nullish().describe('Entries of what this user did. The account may be removed.'),
  heldFrom: fields.instant
    .nullish()
    .describe(heldFrom)
    .meta({ examples: ['2026-01-01T00:00:00Z'] }),
  heldTo: fields.instant
    .nullish()
    .describe(heldTo)
    .meta({ examples: ['2026-07-01T00:00:00Z'] }),
  everything: z
    .boolean()
    .describe('Holds all entries. True for a hold without table, user and times, and for no other.')
    .meta({ examples: [false] }),
};
const made = {
  placedBy: z.int().describe('The user who placed it.'),
  placedAt: fields.instantView,
  releasedBy: z.int().nullable().describe('The user who released it; null while it is active.'),
  releasedAt: fields.instantView.nullable().describe('Since when it holds nothing; null while it is active.'),
  releaseReason: z.string().nullable().describe('Why it was released; null while it is active.'),
};

export const CreateLegalHold = z
  .strictObject({ ...sent, everything: sent.everything.default(false) })
  .meta({ id: 'CreateLegalHold' });
export type CreateLegalHold = z.infer<typeof CreateLegalHold>;
export const UpdateLegalHold = z.strictObject(sent).partial().meta({ id: 'UpdateLegalHold' });
export type UpdateLegalHold = z.infer<typeof UpdateLegalHold>;
export const LegalHoldView = viewOf(
  'LegalHoldView',
  {
    ...sent,
    heldFrom: fields.instantView.nullable().describe(heldFrom),
    heldTo: fields.instantView.nullable().describe(heldTo),
  },
  { isSoft: false, made },
);

export const legalHoldFilters = {
  status: z.enum(['active', 'released']).optional().describe('Holds that are in force, or those that were.'),
  tableName: fields.text(63).optional().describe('Holds on this table.'),
  userId: fields.idText.optional().describe('Holds on what this user did.'),
};

export const ReleaseLegalHold = z
  .strictObject({
    reason: fields
      .longText(2_000)
      .describe('Why the entries need not be held any longer.')
      .meta({ examples: ['Settled and closed; counsel agreed on 2 March.'] }),
  })
  .meta({ id: 'ReleaseLegalHold' });
export type ReleaseLegalHold = z.infer<typeof ReleaseLegalHold>;
