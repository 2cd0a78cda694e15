import { z } from 'zod';
import { fields } from '#platform/http';

const severity = z.enum(['critical', 'warning', 'info']).describe('How bad it is; critical issues make a check fail.');
const kind = z.string().meta({ examples: ['contacts.several-primary'] });

export const CheckQuery = z.strictObject({
  files: fields.flag
    .optional()
    .describe('`true` compares attachments with their files as well, which takes as long as reading all of them.'),
});
export type CheckQuery = z.infer<typeof CheckQuery>;

export const CheckView = z
  .object({
    critical: z.int().describe('Critical issues.'),
    warning: z.int().describe('Warnings.'),
    info: z.int().describe('Issues for information.'),
    kinds: z
      .array(
        z.object({
          kind,
          severity,
          table: z.string().describe('Whose records.'),
          found: z.int().describe('How many.'),
        }),
      )
      .describe('Every kind that was looked for.'),
    issues: z
      .array(
        z.object({
          kind,
          severity,
          table: z.string().describe('The table of the record.'),
          id: z
            .int()
            .nullable()
            .describe('The id of the record; null for a file that belongs to none, whose key is in `details`.'),
          details: z.record(z.string(), z.unknown()).describe('What is wrong with it.'),
        }),
      )
      .describe('The first 1,000; the command lists them all.'),
  })
  .meta({ id: 'IntegrityCheck' });

export const RepairRequest = z
  .strictObject({ dryRun: z.boolean().default(false).describe('Changes nothing, and says what would be looked at.') })
  .meta({ id: 'IntegrityRepairRequest' });
export type RepairRequest = z.infer<typeof RepairRequest>;

export const RepairView = z
  .object({
    dryRun: z.boolean().describe('Whether nothing was changed.'),
    repaired: z.int().describe('Issues that were mended and that a second look no longer found.'),
    criticalLeft: z.int().describe('Critical issues that are still there.'),
    kinds: z
      .array(
        z.object({
          kind,
          table: z.string().describe('Whose records.'),
          severity,
          automatic: z.boolean().describe('Whether there is only one answer; the others are for a person to decide.'),
          found: z.int().describe('How many there were.'),
          repaired: z.int().describe('How many were mended.'),
          left: z.int().describe('How many are still there.'),
        }),
      )
      .describe('Every kind that was looked for.'),
    lifted: z
      .array(
        z.object({
          table: z.string().describe('Of which table.'),
          name: z.string().meta({ examples: ['members_status_check'] }),
          count: z.int().describe('How many rows are in its way.'),
          ids: z.array(z.int()).describe('The first of them.'),
        }),
      )
      .describe('Constraints that the database should have and has not.'),
  })
  .meta({ id: 'IntegrityRepair' });
