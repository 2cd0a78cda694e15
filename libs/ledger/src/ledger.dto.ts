import { z } from 'zod';
import { fields } from '#platform/http';

const size = fields.digits(0, Number.MAX_SAFE_INTEGER);

export const ConsistencyQuery = z.strictObject({
  from: size
    .describe('The size of the older tree: what its checkpoint says in the second line.')
    .meta({ examples: [1] }),
  to: size.optional().describe('The size of the newer tree; that of the latest checkpoint, where it is not sent.'),
});
export type ConsistencyQuery = z.infer<typeof ConsistencyQuery>;

export const ConsistencyView = z
  .object({
    from: z.int().describe('The size of the older tree.'),
    to: z.int().describe('The size of the newer tree.'),
    hashes: z.array(z.string()).describe('The proof (RFC 6962 §2.1.2), hash by hash, in base64.'),
  })
  .meta({ id: 'ConsistencyView' });

/** Which part of the ledger is verified, by the time of sealing; all of it without either. */
export const VerifyLedger = z.strictObject({
  from: fields.instant
    .optional()
    .describe('Entries sealed from this instant on; all, where it is not sent.')
    .meta({ examples: ['2026-01-01T00:00:00Z'] }),
  to: fields.instant
    .optional()
    .describe('Entries sealed before this instant.')
    .meta({ examples: ['2026-02-01T00:00:00Z'] }),
});
export type VerifyLedger = z.infer<typeof VerifyLedger>;

const faultKinds = [
  'altered',
  'removed',
  'inserted',
  'reordered',
  'seal-altered',
  'checkpoint',
  'certificate',
  'rollback',
] as const;

export const VerdictView = z
  .object({
    valid: z.boolean().describe('Whether everything is as it was sealed.'),
    treeSize: z.int().describe('Entries that the signed checkpoint covers.'),
    root: z.string().describe('The root of the tree, in base64.'),
    entriesCompared: z.int().describe('Entries that were read again and hashed.'),
    unread: z
      .int()
      .describe(
        'Entries that can not be read again: they are in cold objects of the archive, or were destroyed with a certificate.',
      ),
    unsealed: z.int().describe('Entries that are too new to be sealed.'),
    fault: z
      .object({
        kind: z
          .enum(faultKinds)
          .describe(
            'What was done: to an entry, to a seal, to the checkpoint, or to what a certificate of destruction tells.',
          ),
        entryId: z.string().nullable().describe('The first entry that it was done to; null where it concerns none.'),
        index: z.int().nullable().describe('Its place in the tree.'),
        detail: z.string().describe('What differs, in words.'),
      })
      .nullable()
      .describe('The first fault; null where there is none.'),
    rows: z
      .array(
        z.object({
          table: z.string().meta({ examples: ['members'] }),
          id: z.int().describe('The id of the record.'),
          auditRef: z.string().nullable().describe('The entry that the record says it was last changed by.'),
        }),
      )
      .describe('The first records that their last entry does not tell; looked for where no time is given.'),
    rehearsals: z
      .array(z.string())
      .describe(
        'Objects of the archive that were destroyed before their time in a rehearsal. On the real system there is none.',
      )
      .meta({ examples: [[]] }),
  })
  .meta({ id: 'LedgerVerdict' });
export type Verdict = z.infer<typeof VerdictView>;
/** What is found of the log itself. */
export type LogVerdict = Omit<Verdict, 'rows' | 'rehearsals'>;
export type Fault = NonNullable<Verdict['fault']>;
