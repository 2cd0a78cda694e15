import { randomBytes } from 'node:crypto';
import { fitText } from '#kernel';
import type { RequestContext, Disclosure } from '#platform/context';

/**
 * The actions an entry can record; CREATE, UPDATE, DELETE and RESTORE are written by the capture
 * triggers, DDL by event triggers.
 */
export const ACTIONS = [
  'READ',
  'BULK_READ',
  'CREATE',
  'UPDATE',
  'DELETE',
  'RESTORE',
  'LOGIN',
  'LOGIN_FAILED',
  'LOGOUT',
  'ACCESS_DENIED',
  'RATE_LIMITED',
  'EXPORT',
  'ARCHIVE',
  'PURGE',
  'ERASE',
  'BREAK_GLASS',
  'DDL',
] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Where an entry stands in the order of the log: by transaction, then by id. Both are decimal
 * digits.
 */
export interface EntryPlace {
  txid: string;
  id: string;
}

export interface EntryFacts {
  action: Action;
  tableName?: string;
  recordId?: number;
  recordIds?: number[];
  /** The version that was shown of the record, and of each of `recordIds`. */
  recordVersion?: string;
  recordVersions?: string[];
  /** Of a cached row: the entry is written only while it is current. */
  changedAtUs?: string;
  filters?: Record<string, unknown>;
  outcome?: 'success' | 'denied' | 'failed';
  notes?: string;
}

/** Records that one entry names at most. To index them takes PostgreSQL a moment of each. */
export const recordsPerEntry = 5_000;

/** Finds in notes the name that the parts of one disclosure have in common. */
export const partPattern = String.raw`part \d+ of ([0-9a-f]{16})`;
/** Matches the notes of all parts but the first. */
export const laterPartPattern = String.raw`part (?!1 )\d+ of [0-9a-f]{16}`;

/** Longest text within `filters` and of `notes`, in UTF-16 units. */
const maxText = 4_000;

/**
 * An entry as `audit_append` takes it: what happened; from the context who, where and why; and the
 * conditions under which it is written. Entries of one `together` are written all or none.
 */
export function entryOf(context: RequestContext, facts: EntryFacts, together?: number): string {
  const { actor } = context;
  return JSON.stringify({
    ...facts,
    filters: facts.filters && fittedWithin(facts.filters),
    notes: fitted(facts.notes, maxText),
    together,
    ...accountConditions(context),
    ...replicaConditions(context),
    source: context.source,
    requestId: fitText(context.requestId, 64),
    route: fitText(context.route, 100),
    ipAddress: context.ipAddress,
    userAgent: fitted(context.userAgent, 512),
    reason: fitted(context.reason, 500),
    userId: actor?.userId ?? undefined,
    email: fitted(actor?.email, 255),
    roles: actor?.roles,
  });
}

/**
 * The placeholders of entries whose values PostgreSQL refuses. `json` is the entries with commas
 * between them. Conditions without an entry have no placeholder.
 */
export function placeholdersOf(json: string, sqlState: string): string {
  const entries = JSON.parse(`[${json}]`) as (Partial<EntryFacts> & Placeholder)[];
  return entries
    .filter(({ action }) => action !== undefined)
    .map(({ action, source, requestId, route, userId }) => {
      const notes = `an entry of ${action} could not be written: SQLSTATE ${sqlState}`;
      return JSON.stringify({ action: 'ACCESS_DENIED', outcome: 'failed', source, requestId, route, userId, notes });
    })
    .join(',');
}

interface Placeholder {
  source: string;
  requestId: string;
  route: string;
  userId?: number;
}

function fitted(text: string | undefined, max: number): string | undefined {
  return text === undefined ? undefined : fitText(text, max);
}

function fittedWithin(filters: Record<string, unknown>): Record<string, unknown> {
  const texts = (_key: string, value: unknown) => (typeof value === 'string' ? fitText(value, maxText) : value);
  return JSON.parse(JSON.stringify(filters, texts)) as Record<string, unknown>;
}

/**
 * The conditions alone, for a reply that shows nothing of record; undefined where there are none.
 */
export function conditionsOf(context: RequestContext): string | undefined {
  const conditions = accountConditions(context);
  return conditions && JSON.stringify(conditions);
}

function accountConditions({ account }: RequestContext) {
  if (!account || account.isConfirmed) return undefined;
  return { accountId: account.id, accountVersion: account.version, accountEndsAt: account.endsAt };
}

function replicaConditions({ replica }: RequestContext) {
  if (!replica || replica.isConfirmed) return undefined;
  return { horizon: replica.horizon, timeline: replica.timeline };
}

/** What a disclosure's entries say. More records than one entry names are named by several. */
export function factsOf(disclosure: Disclosure): EntryFacts[] {
  const { tableName, ids, versions, changedAt, list, filters, notes } = disclosure;
  if (!disclosure.action && !list) {
    const shown = { tableName, recordId: ids[0], recordVersion: versions?.[0], changedAtUs: changedAt };
    return [{ action: 'READ', ...shown, filters, notes }];
  }
  const of = { action: disclosure.action ?? ('BULK_READ' as const), tableName, filters };
  if (ids.length <= recordsPerEntry) return [{ ...of, recordIds: ids, recordVersions: versions, notes }];
  const parts = Math.ceil(ids.length / recordsPerEntry);
  const noteOf = partNotes(notes);
  return Array.from({ length: parts }, (_, index) => {
    const [from, to] = [index * recordsPerEntry, (index + 1) * recordsPerEntry];
    const shown = { recordIds: ids.slice(from, to), recordVersions: versions?.slice(from, to) };
    return { ...of, ...shown, notes: noteOf(index + 1, index + 1 === parts) };
  });
}

/**
 * Notes for the parts of one disclosure, by their numbers, from 1: beside `notes`, which part it is
 * of what. What the parts belong to has a name that no client chooses, as it does its request's id.
 */
export function partNotes(notes?: string): (part: number, isLast: boolean) => string | undefined {
  const name = randomBytes(8).toString('hex');
  return (part, isLast) => {
    if (part === 1 && isLast) return notes;
    return [notes, `part ${part} of ${name}${isLast ? ', the last' : ''}`].filter(Boolean).join('; ');
  };
}
