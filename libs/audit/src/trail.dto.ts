import { z } from 'zod';
import { fields } from '#platform/http';
import { ACTIONS } from './entry';

const paging = {
  from: fields.instant.optional().describe('Entries from this instant on.'),
  to: fields.instant.optional().describe('Entries before this instant.'),
  limit: fields.limit.describe('How many entries a page holds.'),
  cursor: fields.cursor,
};

/** Which part of the ledger is asked for. */
export const TrailQuery = z.strictObject({
  tableName: fields.text(63).optional().describe('Entries about records of this table, such as `members`.'),
  recordId: fields
    .digits(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Entries about this record of `tableName`, the lists that showed it included.'),
  changedBy: fields.idText.optional().describe('Entries of this user.'),
  action: z.enum(ACTIONS).optional().describe('Entries of this action.'),
  requestId: fields.text(64).optional().describe('Entries of this request: its `X-Request-Id`.'),
  ipAddress: fields.address.optional().describe('Entries of requests from this address.'),
  ...paging,
});
export type TrailQuery = z.infer<typeof TrailQuery>;

const { limit: _limit, cursor: _cursor, ...exported } = TrailQuery.shape;

/** The forms in which the ledger leaves for other systems. */
const EXPORT_FORMATS = ['jsonl', 'csv', 'ocsf', 'fhir'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Which part of the ledger is exported: the filters of the search, and no paging. */
export const AuditExportQuery = z.strictObject({
  format: z
    .enum(EXPORT_FORMATS)
    .default('jsonl')
    .describe(
      'JSON Lines, an entry as the API shows it on each; CSV; OCSF 1.3.0 events, or FHIR R4 AuditEvents after IHE BALP, one on each line.',
    ),
  ...exported,
});
export type AuditExportQuery = z.infer<typeof AuditExportQuery>;

/** Paging and time range of one record's trail. */
export const RecordTrailQuery = z.strictObject(paging);
export type RecordTrailQuery = z.infer<typeof RecordTrailQuery>;

const values = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe('By column; what you may not read in the record itself is `[redacted]`.');

/** One entry of the ledger as its reader may see it. */
export const AuditLogView = z
  .object({
    id: z.int().describe('The number of the entry.'),
    action: z.enum(ACTIONS).describe('What was done.'),
    tableName: z
      .string()
      .nullable()
      .meta({ examples: ['members'] }),
    recordId: z.int().nullable().describe('The one record that the entry is about.'),
    recordVersion: z
      .int()
      .nullable()
      .describe('The version of that record that was shown: the entry that last changed it before.'),
    recordIds: z
      .array(z.int())
      .nullable()
      .describe(
        'Of a list or export: exactly the records it showed. Of more than 200 the first, and the one asked for.',
      ),
    recordVersions: z
      .array(z.int().nullable())
      .nullable()
      .describe('Of a list or export: the version of each of `recordIds`, in the same order.'),
    recordCount: z.int().nullable().describe('How many records a list, or a part of an export, showed.'),
    recordsCursor: z
      .string()
      .optional()
      .describe('Where records are left: send it as `cursor` to `/audit/logs/{id}`, which goes on with the next.'),
    filters: values.describe('Of a list: what was asked for.'),
    changedBy: z
      .object({
        id: z.int().nullable().describe('The id of the user; null for a job or command.'),
        email: z
          .string()
          .nullable()
          .meta({ examples: ['clerk@local.example'] }),
        roles: z.array(z.string()).describe('The roles held at that moment.'),
      })
      .nullable()
      .describe('Who, with the e-mail address and roles of that moment; null where no user is known.'),
    source: z
      .enum(['api', 'cli', 'job', 'database'])
      .describe('Through what it was done; `database` is a statement that came from elsewhere.'),
    databaseRole: z.string().describe('The role under which the database was used.'),
    changedAt: fields.instantView,
    ipAddress: z
      .string()
      .nullable()
      .meta({ examples: ['192.0.2.17'] }),
    userAgent: z.string().nullable().describe('The program that the client says it is.'),
    requestId: z.string().nullable().describe('`X-Request-Id` of the reply.'),
    route: z.string().nullable().describe('The operation, such as `members:update`.'),
    reason: z.string().nullable().describe('`X-Access-Reason` of the request.'),
    outcome: z.enum(['success', 'denied', 'failed']).describe('Whether it was done, refused, or went wrong.'),
    oldValues: values,
    newValues: values,
    changedFields: z
      .array(z.string())
      .nullable()
      .meta({ examples: [['address', 'phone']] }),
    notes: z.string().nullable().describe('What else there is to say, such as the code of an error.'),
    sealed: z.int().nullable().describe('The index in the Merkle tree, once sealed.'),
  })
  .meta({ id: 'AuditLogView' });

export const AuditLogPage = z
  .object({
    items: z.array(AuditLogView),
    nextCursor: z.string().nullable().describe('Send it as `cursor` for the next page; null on the last.'),
    cold: z
      .array(
        z.object({
          archiveId: z.int().describe('The id of the archive.'),
          month: z.string().meta({ examples: ['2023-08'] }),
          objectKey: z.string().describe('Under which its object is stored.'),
        }),
      )
      .optional()
      .describe(
        'Archives that may hold entries of this page and can not be read at once: `POST /archives/{id}/restore` asks for them.',
      ),
  })
  .meta({ id: 'AuditLogPage' });

/** Which records of an entry are read. */
export const EntryQuery = z.strictObject({
  cursor: fields.cursor.describe('`recordsCursor` of the entry: shows the next 1,000 records that it names.'),
});
export type EntryQuery = z.infer<typeof EntryQuery>;

export type AuditLogItem = z.infer<typeof AuditLogView>;
