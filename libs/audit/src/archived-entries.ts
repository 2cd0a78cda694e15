import type { EntryPlace } from './entry';

/** An object that holds entries which have left the database, or a part of a month's. */
export interface ArchivedObject {
  id: number;
  /** `YYYY-MM`. */
  month: string;
  objectKey: string;
  entries: number;
  /** Its entries' range in the order of the log. */
  first: EntryPlace;
  through: EntryPlace;
  /** RFC 3339, with microseconds, in UTC. */
  firstChangedAt: string;
  lastChangedAt: string;
  lowestId: number;
  highestId: number;
  tables: readonly string[];
  /** `cold` can be asked for; `destroyed` is gone for good. */
  state: 'readable' | 'cold' | 'destroyed';
  /** Where its entries stand in the log, by its signed manifest: the first place and how many, for each run. */
  leaves: readonly (readonly [start: number, count: number])[];
  /** Of a destroyed object: how its certificate contradicts itself, if it does. */
  contradiction?: string;
  /** Of a destroyed object: its time had come in a rehearsal only. */
  isRehearsal?: boolean;
}

/** Adds a value to a statement and returns its placeholder. */
export type Bind = (value: string | number | null) => string;

/**
 * Entries that have left the database. SQL is DuckDB's; the table's columns are those of audit_logs, with `changed_at` as an instant,
 * `record_ids` and `record_versions` as lists, and what is JSON, an array of words or an address as PostgreSQL's text.
 */
export abstract class ArchivedEntries {
  /** Every object, oldest first; of those that are partly in the database still, none. */
  abstract objects(): Promise<ArchivedObject[]>;

  /** Runs a statement over some objects as one table. All must be readable. A 503 where they can not be had now. */
  abstract select<Row>(
    objects: readonly ArchivedObject[],
    statement: (table: string, bind: Bind) => string,
  ): Promise<Row[]>;

  /** The canonical lines of an object's entries, in the order of the log. */
  abstract lines(object: ArchivedObject): AsyncIterable<Buffer[]>;

  /** The canonical line of one of its entries. */
  abstract line(object: ArchivedObject, entryId: number): Promise<Buffer | undefined>;
}
