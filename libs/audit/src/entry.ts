import type { RequestContext, Disclosure } from '#platform/context';

/** The actions an entry can record; CREATE, UPDATE, DELETE and RESTORE are written by the capture triggers. */
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
] as const;
export type Action = (typeof ACTIONS)[number];

/** Where an entry stands in the order of the log: by transaction, then by id. Both are decimal digits. */
export interface EntryPlace {
  txid: string;
  id: string;
}

export interface EntryFacts {
  action: Action;
  tableName?: string;
  recordId?: number;
  recordIds?: number[];
  filters?: Record<string, unknown>;
  outcome?: 'success' | 'denied' | 'failed';
  notes?: string;
}

/** An entry as `audit_append` takes it: what happened, and from the context who, where and why. */
export function entryOf(context: RequestContext, facts: EntryFacts): string {
  const { actor } = context;
  return JSON.stringify({
    ...facts,
    source: context.source,
    requestId: context.requestId,
    route: context.route,
    ipAddress: context.ipAddress,
    userAgent: context.userAgent,
    reason: context.reason,
    userId: actor?.userId ?? undefined,
    email: actor?.email,
    roles: actor?.roles,
  });
}

export function factsOf(disclosure: Disclosure): EntryFacts {
  const { tableName, ids, list, filters, notes } = disclosure;
  if (disclosure.action || list) {
    return { action: disclosure.action ?? 'BULK_READ', tableName, recordIds: ids, filters, notes };
  }
  return { action: 'READ', tableName, recordId: ids[0], filters, notes };
}
