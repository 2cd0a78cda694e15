import type { Mend } from './mend';

/** How bad an issue of this kind is: `critical` ones make the check fail. */
type Severity = 'critical' | 'warning' | 'info';

/** What is looked for, and in whose records. */
export interface Kind {
  kind: string;
  severity: Severity;
  table: string;
}

/** One thing that is wrong with one record. */
export interface Issue extends Kind {
  /** Null where there is no record: an object that no attachment names, which `details` tell by its key. */
  id: number | null;
  details: Record<string, unknown>;
}

/**
 * One kind of issue. `sql` finds all of them: rows of (id integer, details jsonb), one per record.
 * A kind without `repair` is for a person to decide.
 */
export interface Check extends Kind {
  sql: string;
  repair?: Mend;
}

/** Told how far long work has come; `of` is an estimate where nothing tells the number beforehand. */
export type OnProgress = (part: string, done: number, of: number) => void;

/** What became of an issue: `gone` where somebody else saw to it first. */
export type Outcome = 'repaired' | 'left' | 'gone';
