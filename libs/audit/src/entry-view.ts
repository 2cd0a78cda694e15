import type { z } from 'zod';
import { holds, scopeOf, type Scope } from '#access';
import { encodeCursor } from '#kernel';
import type { Actor } from '#platform/context';
import type { AuditDecision } from './audited';
import type { AuditLogView } from './trail.dto';
import type { EntryRow } from './trail.sql';

export type Entry = z.infer<typeof AuditLogView>;
type Values = Record<string, unknown> | null;

const redacted = '[redacted]';

/** The order that a cursor over the records of an entry belongs to. */
export const recordsOrder = 'records';

/** Who reads entries, and which of the records that they showed. */
export interface Reading {
  actor: Actor;
  /** The scope of `audit:read`. */
  reach: Scope | undefined;
  /** The last place that is read, from 1. */
  to: number;
  /** A record that is read wherever it stands. */
  asked?: number;
}

/**
 * An entry as its reader may see it. A list that showed somebody also showed others: whom, and what
 * was searched for, is not theirs to know.
 */
export function entryView(row: EntryRow, reading: Reading, decision: AuditDecision | undefined): Entry {
  const { userId, email, roles, txid: _txid, askedPlace: _place, askedVersion: _version, ...entry } = row;
  const { reach, actor } = reading;
  return {
    ...entry,
    ...(reach === 'self' ? ownRecord(row, reading) : records(row, reading)),
    filters: reach === 'self' ? null : entry.filters,
    changedBy: userId === null && email === null ? null : { id: userId, email, roles: roles ?? [] },
    oldValues: redact(entry.oldValues, row, decision, actor),
    newValues: redact(entry.newValues, row, decision, actor),
  };
}

type Records = Pick<Entry, 'recordIds' | 'recordVersions' | 'recordsCursor'>;

/** Of many records the first, and the one that was asked for. */
function records(row: EntryRow, { to, asked }: Reading): Records {
  const { recordIds, recordVersions, recordCount, askedPlace, askedVersion } = row;
  const further = asked !== undefined && askedPlace !== null && askedPlace > to ? [asked] : [];
  return {
    recordIds: recordIds && [...recordIds, ...further],
    recordVersions: recordVersions && [...recordVersions, ...further.map(() => askedVersion)],
    ...((recordCount ?? 0) > to && { recordsCursor: encodeCursor({ sort: recordsOrder, keys: [String(to)] }) }),
  };
}

function ownRecord(row: EntryRow, { asked }: Reading): Records {
  const { tableName, recordIds, recordVersions, askedPlace, askedVersion } = row;
  const own = tableName === 'members' && asked !== undefined && askedPlace !== null ? [asked] : [];
  return {
    recordIds: recordIds && own,
    recordVersions: recordVersions && own.map(() => askedVersion),
  };
}

/**
 * Values that the reader could not read in the record itself are named but not shown. Keys are
 * column names.
 */
function redact(values: Values, about: EntryRow, decision: AuditDecision | undefined, actor: Actor): Values {
  if (!values) return null;
  const mayReadRecord = decision !== undefined && mayRead(about, decision, actor);
  const shown = (column: string) => {
    const property = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const further = decision?.restricted?.[property];
    return mayReadRecord && (!further || holds(actor, further));
  };
  return Object.fromEntries(
    Object.entries(values).map(([column, value]) => [column, shown(column) ? value : redacted]),
  );
}

/**
 * Of a narrower scope only a member's own record is known here; whose the others are stands in rows
 * that may have gone.
 */
function mayRead({ tableName, recordId }: EntryRow, { read }: AuditDecision, actor: Actor): boolean {
  const scope = scopeOf(actor, read);
  return scope === 'all' || (scope === 'self' && tableName === 'members' && recordId === actor.memberId);
}
