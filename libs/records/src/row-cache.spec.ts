import { setImmediate as turn } from 'node:timers/promises';
import type { Role } from '#access';
import type { Grant, SharedCache } from '#platform/cache';
import type { PrimaryMoment } from '#platform/context';
import { aContext, anActor, unconnected } from '../../../test/support/unconnected';
import { aLocker, lockerEntities } from './locker.factory';
import type { Resource } from './resource';
import { RowCache } from './row-cache';
import { Statement } from './statement';

const moment: PrimaryMoment = { lsn: '0/1', timeline: '00000001', seconds: 1_790_000_000, generations: {} };
const grant: Grant = { serverId: 's', keys: ['k'], field: 'f', name: 'lockers 5', asked: 1 };
const fromDatabase = { id: 5, version: '42', json: '{"from":"the database"}' };
const lockers = aLocker({ cache: { seconds: 300, within: { self: ({ memberId }, id) => memberId === id } } });

interface Given {
  role?: Role;
  id?: number;
  resource?: Resource;
  isConfigured?: boolean;
  hasMoment?: boolean;
  found?: string | Grant;
  inTransaction?: boolean;
  changing?: string;
}

/** A cache that keeps what it was asked and told, in order. */
function cacheWith({ isConfigured = true, found }: Given) {
  const told: unknown[][] = [];
  const cache = {
    isConfigured,
    lookUp: async (_moment: PrimaryMoment, { kind, name }: { kind: string; name: string }) => {
      told.push(['look up', kind, name]);
      return found;
    },
    fill: async (_kind: string, _grant: Grant, value: string, seconds: number) =>
      void told.push(['fill', value, seconds]),
    announce: async (_moment: PrimaryMoment, name: string) => {
      told.push(['announce', name]);
      return { until: 1_790_000_010, end: async (left?: { value: string }) => void told.push(['end', left?.value]) };
    },
  };
  const { database } = unconnected(lockerEntities);
  return { rows: new RowCache(cache as unknown as SharedCache, database), told, database };
}

function statementFor({ role = 'staff', resource = lockers, hasMoment = true, inTransaction, changing }: Given) {
  const context = aContext(anActor(role));
  if (hasMoment) context.primary = moment;
  if (inTransaction) context.transaction = {};
  if (changing) context.changing.set(changing, 1);
  return new Statement(context, resource, unconnected(lockerEntities).database);
}

async function read(given: Given, row: typeof fromDatabase | undefined = fromDatabase) {
  const { rows, told } = cacheWith(given);
  const shown = await rows.row(statementFor(given), given.id ?? 5, async () => row);
  await turn();
  return { shown, told };
}

const cached = '41 {"from":"the cache"}';

describe('a row', () => {
  it('comes from the cache with its version, as it was stored', async () => {
    const { shown, told } = await read({ found: cached });
    expect(shown).toEqual({ id: 5, version: '41', json: '{"from":"the cache"}' });
    expect(told).toEqual([['look up', 'locker', 'lockers 5']]);
  });

  it('is stored when it was read under a grant, for as long as the resource says', async () => {
    const { shown, told } = await read({ found: grant });
    expect(shown).toEqual(fromDatabase);
    expect(told.slice(1)).toEqual([['fill', '42 {"from":"the database"}', 300]]);
  });

  it('is not stored without a grant, nor where there is none', async () => {
    expect((await read({})).told).toHaveLength(1);
    const { rows, told } = cacheWith({ found: grant });
    expect(await rows.row(statementFor({}), 5, async () => undefined)).toBeUndefined();
    await turn();
    expect(told).toHaveLength(1);
  });

  it.each<[string, Given, boolean]>([
    ['by those who see all', {}, true],
    ['by a member, of their own', { role: 'member', id: 17 }, true],
    ['by a member, of another', { role: 'member', id: 5 }, false],
    // The resource does not say which rows lie in this scope.
    ['by an instructor', { role: 'instructor', id: 17 }, false],
    [
      'of a resource that says it of no scope',
      { role: 'member', id: 17, resource: aLocker({ cache: { seconds: 9 } }) },
      false,
    ],
    ['of a resource that is not cached', { resource: aLocker() }, false],
    ['without a configured cache', { isConfigured: false }, false],
    ['without a moment of the primary', { hasMoment: false }, false],
    // It reads what nobody else sees yet.
    ['in a transaction', { inTransaction: true }, false],
    ['after a change of its own, of any record', { changing: 'halls 3' }, false],
  ])('is looked up %s: %j', async (_who, given, isLookedUp) => {
    const { shown, told } = await read({ ...given, found: cached });
    expect([shown?.version, told.length]).toEqual(isLookedUp ? ['41', 1] : ['42', 0]);
  });

  it('is stored apart for those who see other fields', async () => {
    const variants = new Set<string>();
    const cache = {
      isConfigured: true,
      lookUp: async (_: unknown, { variant }: { variant: string }) => void variants.add(variant),
    };
    const rows = new RowCache(cache as unknown as SharedCache, unconnected(lockerEntities).database);
    const within = { self: () => true, students: () => true };
    const resource = aLocker({ cache: { seconds: 9, within } });
    for (const role of ['staff', 'member', 'instructor', 'officer'] as const) {
      await rows.row(statementFor({ role, resource }), 5, async () => fromDatabase);
    }
    // Staff and officers see the same.
    expect(variants.size).toBe(3);
  });

  it('of a resource whose views depend on more than the row is never cached', async () => {
    const derived = aLocker({ cache: { seconds: 9 }, derived: { doorNumber: `'x'` } });
    const version = aLocker({ cache: { seconds: 9 }, version: 'hash(t)' });
    for (const resource of [derived, version]) {
      await expect(read({ resource })).rejects.toThrow('A locker depends on more than its own row.');
    }
  });
});

describe('a change', () => {
  async function change(given: Given & { stays?: boolean; row?: typeof fromDatabase }) {
    const { rows, told } = cacheWith(given);
    const statement = statementFor(given);
    await rows.changing(statement, 5, given.stays ?? true, async () => {
      told.push(['change', statement.context.changing.get('lockers 5')]);
      return 'row' in given ? given.row : fromDatabase;
    });
    await turn();
    return { told, changing: statement.context.changing };
  }

  it('is announced before it is made, and leaves the row as it is then', async () => {
    const { told, changing } = await change({});
    expect(told).toEqual([
      ['announce', 'lockers 5'],
      ['change', 1_790_000_010],
      ['end', '42 {"from":"the database"}'],
    ]);
    // The request goes on to read from the database.
    expect([...changing]).toEqual([['lockers 5', undefined]]);
  });

  it.each<[string, Given & { stays?: boolean; row?: typeof fromDatabase }]>([
    ['removes the record', { stays: false }],
    ['met none', { row: undefined }],
  ])('that %s leaves none', async (_what, given) => {
    expect((await change(given)).told.at(-1)).toEqual(['end', undefined]);
  });

  it('in a transaction stays announced until its time is over', async () => {
    const { told, changing } = await change({ inTransaction: true });
    expect(told.map(([what]) => what)).toEqual(['announce', 'change']);
    expect(changing.get('lockers 5')).toBe(1_790_000_010);
  });

  it('is announced once for all statements of a transaction, and not at all for what is not cached', async () => {
    expect((await change({ changing: 'lockers 5' })).told.map(([what]) => what)).toEqual(['change']);
    expect((await change({ resource: aLocker() })).told.map(([what]) => what)).toEqual(['change']);
    expect((await change({ changing: 'lockers 6' })).told.map(([what]) => what)).toContain('announce');
  });
});
