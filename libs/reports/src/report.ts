import type { z } from 'zod';
import type { Permission } from '#access';

/**
 * A report: one statement over records, and which of them a row shows or counts. The columns of `shows` hold ids (or arrays of ids) of the
 * named tables; they go into the entry and not into the report.
 */
export interface Report {
  name: string;
  /** The permissions that reading the records of the report takes, beside that of the report. */
  reads: readonly Permission[];
  row: z.ZodObject;
  /** The statement; $1 is the day the report is about, `YYYY-MM-DD`. Its columns are the row's fields and those of `shows`. */
  sql: string;
  /** Table name by column. */
  shows: Record<string, string>;
}
