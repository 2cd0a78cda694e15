import { z } from 'zod';
import { fields } from '#platform/http';

export const AuditSummaryQuery = z.strictObject({
  from: fields.instant
    .optional()
    .describe('Entries from this instant on; seven days before `to`, where it is not sent.'),
  to: fields.instant.optional().describe('Entries before this instant; now, where it is not sent.'),
  limit: fields.limit.describe('How many people, and how many unusual hours, are listed.'),
});
export type AuditSummaryQuery = z.infer<typeof AuditSummaryQuery>;

const who = {
  userId: z.int().nullable().describe('The id of the user; null for a job, a command or a database role.'),
  who: z.string().describe('The e-mail address of that time, or the name of the job, command or database role.'),
};

export const AuditSummaryView = z
  .object({
    from: fields.instantView,
    to: fields.instantView,
    people: z
      .array(
        z.object({
          ...who,
          reads: z.int().describe('Times that records were looked at: singly, in lists, or by break-glass.'),
          recordsRead: z.int().describe('Records that those showed.'),
          exports: z.int().describe('Exports.'),
          breakGlass: z.int().describe('Times that break-glass was used, those included that met no record.'),
          changes: z.int().describe('Records created, changed or restored.'),
          deletes: z.int().describe('Records removed.'),
          denied: z.int().describe('Requests that were refused.'),
        }),
      )
      .describe('Those who read most records come first.'),
    unusualVolumes: z
      .array(
        z.object({
          hour: z.string().describe('The sixty minutes that begin at this instant.'),
          ...who,
          reads: z
            .int()
            .describe(
              'Records read or exported within them: more than 1,000 are unusual. A list counts as many as it showed.',
            ),
          deletes: z.int().describe('Removals within them: more than 100 are unusual.'),
        }),
      )
      .describe(
        'When one person read or removed unusually much within an hour: the largest such hour that ended in each hour of the clock, the latest first.',
      ),
  })
  .meta({ id: 'AuditSummaryView' });
export type AuditSummaryView = z.infer<typeof AuditSummaryView>;
