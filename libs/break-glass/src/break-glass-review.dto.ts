import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';

const made = {
  entryId: z.int().describe('The entry in the ledger that says who saw what.'),
  tableName: z.string().meta({ examples: ['members'] }),
  recordId: z.int().describe('The record that was shown.'),
  openedBy: z.int().describe('The user who broke the glass.'),
  openedAt: fields.instantView,
  reason: z.string().meta({ examples: ['Accident on site; whom do we call?'] }),
  closedBy: z.int().nullable().describe('The user who reviewed it; null while it is open.'),
  closedAt: fields.instantView.nullable().describe('When it was reviewed; null while it is open.'),
  finding: z.string().nullable().describe('What came of the review; null while it is open.'),
};
export const BreakGlassReviewView = viewOf('BreakGlassReviewView', {}, { isSoft: false, made });

export const breakGlassReviewFilters = {
  status: z.enum(['open', 'closed']).optional().describe('Reviews that are still to be done, or those that are done.'),
  openedBy: fields.idText.optional().describe('Uses by this user.'),
};

export const CloseBreakGlassReview = z
  .strictObject({
    finding: fields
      .longText(2_000)
      .describe('What there is to say about the access: whether it was called for, and what follows.')
      .meta({ examples: ['Called for: the hospital asked for a contact.'] }),
  })
  .meta({ id: 'CloseBreakGlassReview' });
export type CloseBreakGlassReview = z.infer<typeof CloseBreakGlassReview>;
