/** How bad an issue of this kind is: `critical` ones make the check fail. */
export type Severity = 'critical' | 'warning' | 'info';

/** One thing that is wrong with one record. */
export interface Issue {
  kind: string;
  severity: Severity;
  table: string;
  id: number;
  details: Record<string, unknown>;
}

/**
 * One kind of issue. `sql` finds all of them: rows of (id integer, details jsonb), one per record. `repair` are statements that mend the
 * record $1; a kind without it is for a person to decide.
 */
export interface Check {
  kind: string;
  severity: Severity;
  table: string;
  sql: string;
  repair?: readonly string[];
}
