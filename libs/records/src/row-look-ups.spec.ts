import type { Role } from '#access';
import type { TieredCache } from '#platform/cache';
import { aContext, anActor, unconnected } from '../../../test/support/unconnected';
import { aLocker, Hall, lockerEntities } from './locker.factory';
import { RowLookUps } from './row-look-ups';
import { Statement } from './statement';

const lockers = aLocker({ cache: { seconds: 300, within: { self: ({ memberId }, id) => memberId === id } } });
const found = { id: 5, version: '42', changedAt: '1790000000000001', json: '{"from":"the database"}' };
const cachedText = '41 1780000000000001 {"from":"the cache"}';

interface Given {
  role?: Role;
  resource?: typeof lockers;
  here?: string;
  elsewhere?: string;
  rows?: object[];
  readsPrimary?: boolean;
  hasCommitted?: boolean;
}

/** Look-ups over a cache that keeps what it was asked and told. */
function lookUpsWith({ role = 'staff', resource = lockers, here, elsewhere, rows = [found], ...facts }: Given) {
  const told: unknown[][] = [];
  const nameless = (key: string) => key.split(':').slice(0, 2).join(' ');
  const cache = {
    here: (kind: string, key: string) => (told.push(['here', kind, nameless(key)]), here),
    elsewhere: async (kind: string, key: string, seconds: number) => {
      told.push(['elsewhere', kind, nameless(key), seconds]);
      return elsewhere;
    },
    set: (key: string, text: string, seconds: number) => void told.push(['set', nameless(key), text, seconds]),
    drop: (key: string) => void told.push(['drop', nameless(key)]),
  };
  const { database, sent } = unconnected(lockerEntities, () => rows);
  const context = Object.assign(aContext(anActor(role)), facts);
  const statement = new Statement(context, resource, database);
  return { lookUps: new RowLookUps(cache as unknown as TieredCache, database), statement, told, sent };
}

describe('a row', () => {
  it.each<[string, Given]>([
    ['memory', { here: cachedText }],
    ['Redis', { elsewhere: cachedText }],
  ])('from %s says which it was and when it was changed, so that its entry can be refused', async (_what, given) => {
    const { lookUps, statement, sent } = lookUpsWith(given);
    expect(await lookUps.row(statement, 5)).toEqual({
      id: 5,
      version: '41',
      changedAt: '1780000000000001',
      json: '{"from":"the cache"}',
    });
    expect(sent).toEqual([]);
  });

  it('from the primary is right by itself, and is kept for as long as the resource says', async () => {
    const { lookUps, statement, told, sent } = lookUpsWith({});
    expect(await lookUps.row(statement, 5)).toEqual({ ...found, changedAt: undefined });
    expect(sent[0]?.sql).toMatch(/ FROM lockers t WHERE t\.id = ANY \(\$1::integer\[\]\) AND t\.deleted_at IS NULL$/);
    expect(told).toEqual([
      ['here', 'locker', 'lockers 5'],
      ['elsewhere', 'locker', 'lockers 5', 300],
      ['set', 'lockers 5', '42 1790000000000001 {"from":"the database"}', 300],
    ]);
  });

  it.each<[string, Given]>([
    ['a second attempt', { readsPrimary: true }],
    ['a request that has changed something', { hasCommitted: true }],
  ])('for %s never comes from the cache, and replaces what is there', async (_what, given) => {
    const { lookUps, statement, told } = lookUpsWith({ ...given, here: cachedText, elsewhere: cachedText });
    expect((await lookUps.row(statement, 5))?.version).toBe('42');
    expect(told.map(([what]) => what)).toEqual(['set']);
  });

  it('that is not there is not kept as such', async () => {
    const { lookUps, statement, told } = lookUpsWith({ rows: [] });
    expect(await lookUps.row(statement, 5)).toBeUndefined();
    expect(told.at(-1)).toEqual(['drop', 'lockers 5']);
  });

  it('of a resource without a cache is looked up with others all the same', async () => {
    const { lookUps, statement, told, sent } = lookUpsWith({ resource: aLocker() });
    await Promise.all([lookUps.row(statement, 5), lookUps.row(statement, 6)]);
    expect([told, sent.map(({ values }) => values)]).toEqual([[], [[['5', '6']]]]);
  });

  it('shows those who see other fields another rendering', async () => {
    const renderings = ['staff', 'instructor', 'staff'].map(async (role) => {
      const { lookUps, statement } = lookUpsWith({ role: role as Role });
      const keys: string[] = [];
      Object.assign(lookUps, { cache: { here: (_kind: string, key: string) => (keys.push(key), cachedText) } });
      await lookUps.row(statement, 5);
      return keys[0];
    });
    const [staff, instructor, again] = await Promise.all(renderings);
    expect([staff === again, staff === instructor]).toEqual([true, false]);
  });
});

describe('a look-up that others share', () => {
  it.each<[Role, number, boolean]>([
    ['staff', 5, true],
    // Their own record, as the process itself can tell; of others the database decides.
    ['member', 17, true],
    ['member', 5, false],
    ['instructor', 5, false],
  ])('serves %s for the record %i: %s', (role, id, serves) => {
    const { lookUps, statement } = lookUpsWith({ role });
    expect(lookUps.serves(statement, id)).toBe(serves);
  });

  it('serves nobody within a transaction, nor for rows that are deleted for good', () => {
    const { lookUps, statement } = lookUpsWith({});
    statement.context.transaction = {};
    expect(lookUps.serves(statement, 5)).toBe(false);
    const plain = lookUpsWith({ resource: aLocker({ entity: Hall }) });
    expect(plain.lookUps.serves(plain.statement, 5)).toBe(plain.statement.metadata.deleteDateColumn !== undefined);
  });

  it('is refused to a cached resource whose views depend on more than the row', async () => {
    const { lookUps, statement } = lookUpsWith({ resource: { ...lockers, derived: { notes: `'x'` } } });
    await expect(lookUps.row(statement, 5)).rejects.toThrow('depends on more than its own row');
  });
});
