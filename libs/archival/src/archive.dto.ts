import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';
import { ARCHIVE_STATES } from './archive.entity';
import { ARCHIVE_FORMATS } from './entry-file';

const maybe = <T extends z.ZodType>(type: T) => type.nullable();

const made = {
  month: z
    .string()
    .describe('The first day of the month whose entries it holds.')
    .meta({ examples: ['2026-08-01'] }),
  state: z
    .enum(ARCHIVE_STATES)
    .describe(
      '`exporting`: in PostgreSQL alone; `stored`: in both; `archived`: in the object alone; `destroyed`: nowhere.',
    ),
  format: z.enum(ARCHIVE_FORMATS).describe('How the object holds them.'),
  objectKey: z.string().meta({ examples: ['entries/2026/audit_logs-2026-08.48211-90417.parquet'] }),
  entryCount: maybe(z.int()).describe('How many entries it holds; null until it is stored, like what follows.'),
  bytes: maybe(z.int()).describe('How large the object is.'),
  sha256: maybe(z.string()).describe('Of the object, in hexadecimal digits.'),
  root: maybe(z.string()).describe('Of an RFC 6962 tree over its entries alone, in hexadecimal digits.'),
  firstChangedAt: maybe(fields.instantView).describe('Of its oldest entry.'),
  lastChangedAt: maybe(fields.instantView).describe('Of its youngest entry.'),
  tableNames: maybe(z.array(z.string())).describe('Tables whose records its entries are about; "" for none.'),
  storageClass: maybe(z.string()).meta({ examples: ['STANDARD_IA'] }),
  retainUntil: maybe(z.string()).describe('It is not destroyed before this day.'),
  manifest: maybe(z.string()).describe('The signed note (C2SP signed-note) that stands beside the object.'),
  storedAt: maybe(fields.instantView).describe('When its object had been read back from the store and compared.'),
  archivedAt: maybe(fields.instantView).describe('When its entries left PostgreSQL.'),
  cooledAt: maybe(fields.instantView).describe('When it was moved to a class from which it must be asked for.'),
  restoreAskedAt: maybe(fields.instantView).describe('When a readable copy was last asked for.'),
  readableUntil: maybe(fields.instantView).describe('Of a cold object that was asked for: until when it can be read.'),
  destroyedAt: maybe(fields.instantView).describe('When it was destroyed.'),
  certificate: maybe(z.string()).describe('The signed note that says what was destroyed, and why it could be.'),
};
export const ArchiveView = viewOf('ArchiveView', {}, { isSoft: false, made });

export const archiveFilters = {
  state: z.enum(ARCHIVE_STATES).optional().describe('Objects in this state.'),
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-08')
    .optional()
    .describe('Objects of this month.'),
};

export const RunArchive = z
  .strictObject({
    dryRun: z
      .boolean()
      .default(false)
      .describe('Change nothing, and say what would be done.')
      .meta({ examples: [true] }),
  })
  .meta({ id: 'RunArchive' });
export type RunArchive = z.infer<typeof RunArchive>;

export const ArchiveReportView = z
  .object({
    asOf: fields.instantView,
    dryRun: z.boolean().describe('Whether nothing was changed.'),
    months: z
      .array(
        z.object({
          month: z.string().meta({ examples: ['2026-08'] }),
          action: z.enum(['archive', 'leave', 'failed']).describe('What became of it.'),
          detail: z.string().optional().describe('Why it was left, or what went wrong.'),
          objects: z
            .array(
              z.object({
                objectKey: z.string().describe('Under which it is stored.'),
                entries: z.int().describe('How many it holds.'),
                bytes: z.int().describe('Of the object; in a dry run an estimate.'),
              }),
            )
            .describe('The objects that hold it.'),
        }),
      )
      .describe('Months whose time had come.'),
    objects: z
      .array(
        z.object({
          objectKey: z.string().describe('Under which it is, or was, stored.'),
          month: z.string().meta({ examples: ['2023-08'] }),
          action: z.enum(['cool', 'destroy', 'keep', 'failed']).describe('What became of it.'),
          detail: z.string().optional().describe('The class, the policy, the hold, or what went wrong.'),
        }),
      )
      .describe('Objects that were moved to a cold class, destroyed, or kept from that by a legal hold.'),
  })
  .meta({ id: 'ArchiveReport' });
