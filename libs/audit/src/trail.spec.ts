import { RequestContext } from '#platform/context';
import type { Database } from '#platform/database';
import type { ArchivedTrail } from './archived-trail';
import { usual } from './audit-log.factory';
import { TrailService } from './trail.service';
import type { EntryRow } from './trail.sql';

const memberId = 17;

/** An entry as a role sees it. */
async function shown(role: string, facts: Partial<EntryRow>) {
  const { changedBy: _changedBy, recordCount: _recordCount, ...entry } = usual;
  const row: EntryRow = { ...entry, userId: 5, email: null, roles: null, txid: '1', sealed: 0, ...facts };
  const database = { read: () => Promise.resolve([row]), dataSource: { entityMetadatas: [] } };
  const archive = { fill: (_: unknown, rows: EntryRow[]) => Promise.resolve({ rows, cold: [] }) };
  const trail = new TrailService(database as unknown as Database, archive as unknown as ArchivedTrail);
  const actor = { userId: 1, email: `${role}@local.example`, roles: [role], memberId, mustChangePassword: false };
  const context = new RequestContext({ source: 'api', requestId: 'r', route: 'audit:read', actor });
  const { items } = await trail.list(context, { limit: 1 });
  return items.map(({ recordVersion, recordIds, recordVersions, recordCount }) => [
    recordVersion,
    recordIds,
    recordVersions,
    recordCount,
  ])[0];
}

const list = { recordId: null, recordIds: [16, memberId, 18], recordVersions: [41, 42, 43] };

it.each<[what: string, role: string, facts: Partial<EntryRow>, expected: unknown[]]>([
  ['all of a list', 'admin', list, [null, list.recordIds, list.recordVersions, 3]],
  ['their own version in a list', 'member', list, [null, [memberId], [42], 3]],
  ['no version of a list without them', 'member', { ...list, recordIds: [15, 16, 18] }, [null, [], [], 3]],
  ['an older list, which names none', 'member', { ...list, recordVersions: null }, [null, [memberId], null, 3]],
  ['no version beyond the records', 'member', { ...list, recordIds: [memberId] }, [null, [memberId], [41], 1]],
  ['the version of their record', 'member', { recordVersion: 41 }, [41, null, null, null]],
])('shows %s: to a %s', async (_, role, facts, expected) => {
  expect(await shown(role, facts)).toEqual(expected);
});
