import { RequestContext } from '#platform/context';
import type { Database } from '#platform/database';
import type { ArchivedTrail } from './archived-trail';
import { usual } from './audit-log.factory';
import { TrailService } from './trail.service';
import type { EntryRow } from './trail.sql';

const memberId = 17;

/** An entry as a role sees it. */
async function shown(role: string, facts: Partial<EntryRow>, recordId?: number) {
  const { changedBy: _changedBy, ...entry } = usual;
  const unasked = { askedPlace: null, askedVersion: null };
  const person = { userId: 5, email: null, roles: null };
  const row: EntryRow = { ...entry, ...person, txid: '1', sealed: 0, recordCount: null, ...unasked, ...facts };
  const database = { read: () => Promise.resolve([row]), dataSource: { entityMetadatas: [] } };
  const archive = { fill: (_: unknown, rows: EntryRow[]) => Promise.resolve({ rows, cold: [] }) };
  const trail = new TrailService(database as unknown as Database, archive as unknown as ArchivedTrail);
  const actor = { userId: 1, email: `${role}@local.example`, roles: [role], memberId, mustChangePassword: false };
  const context = new RequestContext({ source: 'api', requestId: 'r', route: 'audit:read', actor });
  const { items } = await trail.list(context, { limit: 1, tableName: 'members', recordId });
  return items.map((item) => [
    item.recordVersion,
    item.recordIds,
    item.recordVersions,
    item.recordCount,
    item.recordsCursor === undefined ? 'all' : Buffer.from(item.recordsCursor, 'base64url').toString(),
  ])[0];
}

const list = { recordId: null, recordIds: [16, memberId, 18], recordVersions: [41, 42, 43], recordCount: 3 };
const own = { ...list, askedPlace: 2, askedVersion: 42 };
const first = Array.from({ length: 200 }, (_, index) => index + 100);
const long = { recordId: null, recordIds: first, recordVersions: first, recordCount: 5000 };

it.each<[what: string, role: string, facts: Partial<EntryRow>, expected: unknown[]]>([
  ['all of a list', 'admin', list, [null, list.recordIds, list.recordVersions, 3, 'all']],
  ['their own version in a list', 'member', own, [null, [memberId], [42], 3, 'all']],
  ['no version of a list without them', 'member', list, [null, [], [], 3, 'all']],
  ['nothing of a list of another table', 'member', { ...own, tableName: 'students' }, [null, [], [], 3, 'all']],
  ['an older list, which names none', 'member', { ...own, recordVersions: null }, [null, [memberId], null, 3, 'all']],
  ['a list without its version', 'member', { ...own, askedVersion: null }, [null, [memberId], [null], 3, 'all']],
  ['the version of their record', 'member', { recordVersion: 41 }, [41, null, null, null, 'all']],
  ['the first of many', 'admin', long, [null, first, first, 5000, '["records","200"]']],
  [
    'their own of many',
    'member',
    { ...long, askedPlace: 4000, askedVersion: 42 },
    [null, [memberId], [42], 5000, 'all'],
  ],
])('shows %s: to a %s', async (_, role, facts, expected) => {
  expect(await shown(role, facts)).toEqual(expected);
});

it('shows the record that was asked for beside the first of many', async () => {
  const asked = { ...long, askedPlace: 4000, askedVersion: 42 };
  expect((await shown('admin', asked, 4099))?.slice(1, 3)).toEqual([
    [...first, 4099],
    [...first, 42],
  ]);
  expect((await shown('admin', { ...asked, askedPlace: 7 }, 106))?.slice(1, 3)).toEqual([first, first]);
});
