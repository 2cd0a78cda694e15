import { ACTIONS } from './entry';
import type { AuditLogItem } from './trail.dto';

const person = { id: 5, email: 'clerk@local.example', roles: ['staff'] };
/** The entry of a member's record that was read. */
export const usual: AuditLogItem = {
  id: 4711,
  action: 'READ',
  tableName: 'members',
  recordId: 17,
  recordVersion: null,
  recordIds: null,
  recordVersions: null,
  recordCount: null,
  filters: null,
  changedBy: person,
  source: 'api',
  databaseRole: 'ip2a_app',
  changedAt: '2026-02-03T04:05:06.123456Z',
  ipAddress: '192.0.2.17',
  userAgent: 'curl/8',
  requestId: '019abf4e',
  route: 'members:read',
  reason: 'Call about dues',
  outcome: 'success',
  oldValues: null,
  newValues: null,
  changedFields: null,
  notes: null,
  sealed: null,
};

/** Every action with every outcome, over everything that may be absent. */
export function* everyEntry(): Generator<AuditLogItem> {
  const list = { recordId: null, recordIds: [17, 18], recordCount: 2, filters: { q: 'delg' } };
  const change = { oldValues: { city: null }, newValues: { city: 'Tacoma' }, changedFields: ['city'] };
  const bare = { tableName: null, recordId: null, requestId: null, route: null, reason: null, userAgent: null };
  const somebodyElse = { changedBy: null, source: 'database', ipAddress: null, ...bare } as const;
  const variants: Partial<AuditLogItem>[] = [
    {},
    { recordVersion: 4600 },
    list,
    { ...list, recordVersions: [4600, 4601] },
    { ...list, recordIds: [], recordCount: 0, filters: null },
    change,
    { tableName: 'users', recordId: 5 },
    { tableName: 'users', recordId: 5, ...change, changedFields: ['password_hash'] },
    { tableName: 'users', recordId: null, changedBy: null, filters: { email: 'who@local.example' } },
    { changedBy: null },
    { changedBy: { id: null, email: 'system:archival', roles: ['admin'] }, source: 'job', ipAddress: null },
    { changedBy: { id: 5, email: null, roles: [] }, source: 'cli', ipAddress: null },
    somebodyElse,
    { ...somebodyElse, tableName: 'members', recordId: 17 },
    { ipAddress: '2001:db8::1', ...bare },
    { reason: null, notes: 'access.denied', sealed: 0 },
  ];
  for (const action of ACTIONS) {
    for (const outcome of ['success', 'denied', 'failed'] as const) {
      for (const variant of variants) yield { ...usual, ...variant, action, outcome };
    }
  }
}
