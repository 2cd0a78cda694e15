import type { Role } from '#access';
import type { TieredCache } from '#platform/cache';
import { aContext, anActor, codeOf, errorOf, unconnected } from '../../../test/support/unconnected';
import type { Idempotency } from './idempotency';
import { aLoan, aLocker, lockerEntities } from './locker.factory';
import { Records } from './records';
import { RowLookUps } from './row-look-ups';

interface Given {
  /** The row that statements over the record itself meet. */
  row?: object;
  /** The record that an earlier request with the same key created. */
  earlier?: number;
  /** Answers of other statements, by what stands in them. */
  answers?: Record<string, object[]>;
}

const row = { id: 5, version: '42', json: '{"id":5}' };

function recordsWith({ row: met = row, earlier, answers = {} }: Given = {}) {
  const { database, sent } = unconnected(lockerEntities, (sql) => {
    const [, rows] = Object.entries(answers).find(([part]) => sql.includes(part)) ?? [];
    return rows ?? [met];
  });
  const kept: number[] = [];
  const idempotency = {
    earlier: async () => earlier,
    keep: async (_context: unknown, _request: object, id: number) => void kept.push(id),
  } as unknown as Idempotency;
  const lookUps = new RowLookUps({} as TieredCache, database);
  return { records: new Records(database, idempotency, lookUps), sent, kept };
}

const nothing = { answers: { lockers: [], tool_loans: [] } };
const as = (role: Role | Role[], facts: { idempotencyKey?: string } = {}) => aContext(anActor(role), facts);

describe('a field that is sent', () => {
  it.each<[Role, object, string]>([
    ['staff', { doorNumber: '1', deposit: '5.00', notes: 'x' }, 'fine'],
    ['member', { doorNumber: '1' }, 'fine'],
    ['member', { deposit: '5.00' }, 'access.field-denied'],
    ['member', { doorNumber: '1', deposit: '5.00' }, 'access.field-denied'],
    ['member', { notes: 'x' }, 'access.field-denied'],
    // Those who may not write at all.
    ['organizer', { doorNumber: '1' }, 'access.field-denied'],
    ['instructor', { doorNumber: '1' }, 'access.field-denied'],
    // An absent field changes nothing.
    ['member', { doorNumber: '1', deposit: undefined }, 'fine'],
    ['member', { deposit: null }, 'access.field-denied'],
  ])('by %s in the change %j: %s', async (role, patch, code) => {
    const { records } = recordsWith();
    expect(await codeOf(() => records.update(as(role), aLocker(), 5, patch))).toBe(code);
  });

  it.each<[Role, object, string]>([
    ['staff', { doorNumber: '1', notes: 'x' }, 'fine'],
    // The operation says for whom a record may be created, this library what it may hold.
    ['member', { doorNumber: '1', deposit: '5.00' }, 'fine'],
    ['member', { doorNumber: '1', notes: 'x' }, 'access.field-denied'],
  ])('by %s in the new record %j: %s', async (role, record, code) => {
    const { records } = recordsWith();
    expect(await codeOf(() => records.create(as(role), aLocker(), record))).toBe(code);
  });

  it('and is refused is named, with those that may be changed, on record, before any statement', async () => {
    const { records, sent } = recordsWith();
    const patch = { doorNumber: '1', deposit: '5.00', notes: 'x' };
    const error = await errorOf(() => records.update(as('member'), aLocker(), 5, patch));
    expect(error?.errors?.map(({ pointer }) => pointer)).toEqual(['/deposit', '/notes']);
    expect(error?.message).toBe('You may change doorNumber only.');
    expect(error?.refused).toEqual({ tableName: 'lockers', recordId: 5 });
    expect(sent).toEqual([]);
  });

  it('may be any in a verb of the office, in the scope of its own permission', async () => {
    const { records, sent } = recordsWith();
    await records.apply(as('officer'), aLocker(), 5, { notes: 'x' }, { permission: 'grievances:decide' });
    expect(sent[0]?.sql).toContain('WHERE t.id = $1 AND t.deleted_at IS NULL RETURNING');
    await records.apply(as('staff'), aLocker(), 5, { notes: 'x' }, { permission: 'grievances:decide' });
    expect(sent[1]?.sql).toContain('WHERE t.id = $1 AND t.deleted_at IS NULL AND false RETURNING');
  });
});

describe('a record', () => {
  it('is read in scope, shown with its version, and disclosed', async () => {
    const { records, sent } = recordsWith();
    const context = as('member');
    const shown = await records.get(context, aLocker(), 5);
    expect([shown.json, shown.version]).toEqual(['{"id":5}', '42']);
    expect(context.disclosures).toEqual([{ tableName: 'lockers', ids: [5], versions: ['42'], list: false }]);
    expect(sent[0]?.sql).toContain('FROM lockers t WHERE t.id = $1 AND t.deleted_at IS NULL AND t.member_id = $2');
    expect(sent[0]?.values).toEqual([5, 17]);
  });

  it('is read by other columns as well, and 404 where there is none', async () => {
    const { records, sent } = recordsWith(nothing);
    const context = as('staff');
    expect(await codeOf(() => records.get(context, aLocker(), { doorNumber: 'B7' }))).toBe('record.not-found');
    expect([sent[0]?.sql.includes('WHERE t.door_number = $1 AND'), sent[0]?.values]).toEqual([true, ['B7']]);
    expect(context.disclosures).toEqual([]);
  });

  it('in use is looked up by its id together with others, by those whose scope the process decides', async () => {
    const { records, sent } = recordsWith();
    await Promise.all([records.get(as('officer'), aLocker(), 5), records.get(as('officer'), aLocker(), 5)]);
    expect(sent.map(({ values }) => values)).toEqual([[['5']]]);
    await records.get(as('officer'), aLocker(), 5, 'include');
    await records.get(as('officer'), aLocker(), { doorNumber: 'B7' });
    await records.get(as('member'), aLocker(), 5);
    expect(sent.slice(1).map(({ values }) => values)).toEqual([[5], ['B7'], [5, 17]]);
  });

  it.each<[Role, string[] | undefined, string]>([
    ['staff', undefined, 'fine'],
    ['staff', ['42'], 'fine'],
    ['staff', ['41', '42'], 'fine'],
    ['staff', ['41'], 'record.stale-version'],
    ['staff', [], 'record.stale-version'],
  ])('that %s may see must have one of the versions %j: %s', async (role, ifMatch, code) => {
    const { records } = recordsWith();
    expect(await codeOf(() => records.mustBeVisible(as(role), aLocker(), 5, ifMatch))).toBe(code);
  });

  it('counts as visible while it is deleted, to those who may see what is deleted', async () => {
    const conditionFor = async (role: Role) => {
      const { records, sent } = recordsWith();
      await records.mustBeVisible(as(role), aLocker(), 5);
      return sent[0]?.sql.includes('deleted_at IS NULL');
    };
    expect([await conditionFor('officer'), await conditionFor('staff')]).toEqual([false, true]);
  });

  it.each<[string, Role, string]>([
    // A record that was deleted for good has entries, and no row.
    ['tool_loans', 'officer', 'fine'],
    ['tool_loans', 'organizer', 'record.not-found'],
    ['lockers', 'officer', 'record.not-found'],
  ])('without a row in %s is for %s: %s', async (table, role, code) => {
    const { records } = recordsWith(nothing);
    const resource = table === 'lockers' ? aLocker() : aLoan();
    expect(await codeOf(() => records.mustBeVisible(as(role), resource, 5))).toBe(code);
  });

  it('without a row may as well be outside a narrow scope, so it is not found there', async () => {
    const { records } = recordsWith(nothing);
    // Officers read the ledger in the scope `members`.
    const loan = aLoan({ readPermission: 'audit:read' });
    expect(await codeOf(() => records.mustBeVisible(as('officer'), loan, 5))).toBe('record.not-found');
    expect(await codeOf(() => records.mustBeVisible(as('admin'), loan, 5))).toBe('fine');
  });

  it.each<[Role, string]>([
    ['staff', 'fine'],
    // Their own, of which they may change single fields.
    ['member', 'access.denied'],
    ['instructor', 'access.denied'],
  ])('is writable as a whole for %s: %s', async (role, code) => {
    const { records } = recordsWith();
    expect(await codeOf(() => records.mustBeWritable(as(role), aLocker(), 5))).toBe(code);
  });

  it('that is not visible is not found, rather than refused, when it would be written', async () => {
    const { records } = recordsWith(nothing);
    expect(await codeOf(() => records.mustBeWritable(as('member'), aLocker(), 5))).toBe('record.not-found');
  });
});

describe('a change', () => {
  it('sets what was sent, null too, on the live row in scope that has the version, and refers to live records', async () => {
    const { records, sent } = recordsWith();
    const patch = { doorNumber: 'B7', notes: null, hallId: 3, deposit: undefined };
    const shown = await records.update(as('staff'), aLocker(), 5, patch, ['41', '42']);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.sql).toMatch(
      /^UPDATE lockers AS t SET door_number = \$4, notes = \$5, hall_id = CASE WHEN references_in_use\(ARRAY\[.*\]\) THEN \$1::integer END, /,
    );
    expect(sent[0]?.sql).toContain(
      ' WHERE t.id = $2 AND t.deleted_at IS NULL AND t.audit_ref = ANY ($3::bigint[]) RETURNING t.id, ',
    );
    expect(sent[0]?.values.slice(0, 5)).toEqual([3, 5, ['41', '42'], 'B7', null]);
    expect(shown.version).toBe('42');
  });

  it.each([
    [undefined, 'fine'],
    [['42'], 'fine'],
    [['41'], 'record.stale-version'],
    [[], 'record.stale-version'],
  ])('of nothing is a read, and meets If-Match %j: %s', async (ifMatch, code) => {
    const { records, sent } = recordsWith();
    const context = as('staff');
    expect(await codeOf(() => records.update(context, aLocker(), 5, { notes: undefined }, ifMatch))).toBe(code);
    expect(sent.map(({ sql }) => sql.slice(0, 6))).toEqual(['SELECT']);
    expect(context.disclosures).toHaveLength(1);
  });

  it.each<[string, string[] | undefined, object[], string]>([
    ['is absent', undefined, [], 'record.not-found'],
    ['has another version', ['41'], [row], 'record.stale-version'],
    ['has these values already', ['42'], [row], 'fine'],
    ['has these values already', undefined, [row], 'fine'],
  ])('that meets no row because it %s, with If-Match %j, says why', async (_why, ifMatch, locked, code) => {
    const answers = { 'UPDATE lockers': [], 'FOR UPDATE OF t': locked };
    const { records, sent } = recordsWith({ answers });
    expect(await codeOf(() => records.update(as('staff'), aLocker(), 5, { doorNumber: '1' }, ifMatch))).toBe(code);
    // Tried, locked, and only then tried again.
    const tries = sent.filter(({ sql }) => sql.startsWith('UPDATE'));
    expect(tries).toHaveLength(code === 'fine' ? 2 : 1);
  });

  it('that depends on the present values locks the row in scope, and meets its version', async () => {
    const { records, sent } = recordsWith();
    expect(await records.hold(as('member'), aLocker(), 5, { ifMatch: ['42'] })).toEqual({ id: 5 });
    expect(sent[0]?.sql).toMatch(/WHERE t\.id = \$1 AND t\.deleted_at IS NULL AND t\.member_id = \$2 FOR UPDATE OF t$/);
    const stale = () => records.hold(as('member'), aLocker(), 5, { ifMatch: ['41'] });
    expect(await codeOf(stale)).toBe('record.stale-version');
  });
});

describe('a new record', () => {
  it('holds what was given, refers to live records, and says its id', async () => {
    const { records, sent } = recordsWith();
    const shown = await records.create(as('staff'), aLocker(), { doorNumber: 'B7', hallId: 3, notes: undefined });
    expect(shown.createdId).toBe(5);
    expect(sent[0]?.sql).toMatch(
      /^INSERT INTO lockers AS t\(door_number, hall_id\) VALUES \(\$2, CASE WHEN references_in_use\(.*\) THEN \$1::integer END\) RETURNING /,
    );
    expect(sent[0]?.values.slice(0, 2)).toEqual([3, 'B7']);
    await records.create(as('staff'), aLocker(), { doorNumber: 'B7' });
    expect(sent[1]?.sql).toContain('INSERT INTO lockers AS t(door_number) VALUES ($1) RETURNING');
    expect(sent[1]?.sql).not.toContain('references_in_use');
  });

  it('is the one of the first request, where the same key created it; nothing is done again', async () => {
    const done: string[] = [];
    const given = {
      prepare: async () => done.push('prepared'),
      also: async () => void done.push('also'),
    };
    const context = as('staff', { idempotencyKey: 'k' });
    const { records, sent, kept } = recordsWith({ earlier: 5 });
    const shown = await records.create(context, aLocker(), { doorNumber: 'B7' }, given);
    expect([shown.createdId, done, kept, context.disclosures.length]).toEqual([5, [], [], 1]);
    expect(sent.some(({ sql }) => sql.startsWith('INSERT'))).toBe(false);
  });

  it('is prepared, made and completed in this order, and kept under its key', async () => {
    const { records, sent, kept } = recordsWith();
    const seen: (string | undefined)[] = [];
    const last = () => sent.at(-1)?.sql.slice(0, 6);
    await records.create(
      as('staff', { idempotencyKey: 'k' }),
      aLocker(),
      { doorNumber: 'B7' },
      {
        prepare: async () => (seen.push(last()), { deposit: '5.00' }),
        also: async () => void seen.push(last()),
      },
    );
    expect([seen, kept]).toEqual([[undefined, 'INSERT'], [5]]);
    expect(sent[0]?.sql).toContain('(door_number, deposit)');
  });
});
