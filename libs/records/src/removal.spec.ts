import type { Role } from '#access';
import type { TieredCache } from '#platform/cache';
import { aContext, anActor, codeOf, errorOf, unconnected } from '../../../test/support/unconnected';
import type { Idempotency } from './idempotency';
import { aLoan, aLocker, Hall, Locker, LockerKey, lockerEntities, ToolLoan } from './locker.factory';
import { Records } from './records';
import { dependentsOf, referencesOf } from './references';
import { RowLookUps } from './row-look-ups';

const row = { id: 5, version: '42', json: '{"id":5,"hallId":3}' };

function recordsWith(answers: Record<string, object[]> = {}) {
  const { database, sent } = unconnected(lockerEntities, (sql) => {
    const [, rows] = Object.entries(answers).find(([part]) => sql.includes(part)) ?? [];
    return rows ?? [row];
  });
  const lookUps = new RowLookUps({} as TieredCache, database);
  return { records: new Records(database, {} as Idempotency, lookUps), sent };
}

const as = (role: Role) => aContext(anActor(role));
const { dataSource } = unconnected(lockerEntities).database;

describe('foreign keys', () => {
  it('to tables with soft deletes are references, which the database does not check for us', () => {
    expect(referencesOf(dataSource.getMetadata(Locker))).toEqual([{ property: 'hallId', table: 'halls' }]);
    expect(referencesOf(dataSource.getMetadata(ToolLoan))).toEqual([{ property: 'lockerId', table: 'lockers' }]);
    expect(referencesOf(dataSource.getMetadata(Hall))).toEqual([]);
  });

  it('with RESTRICT make dependents; others do not', () => {
    expect(dependentsOf(dataSource.getMetadata(Locker))).toEqual([
      { table: 'tool_loans', column: 'locker_id', isSoft: false, entity: ToolLoan },
    ]);
    expect(dependentsOf(dataSource.getMetadata(Hall))).toEqual([
      { table: 'lockers', column: 'hall_id', isSoft: true, entity: Locker },
    ]);
    expect(dependentsOf(dataSource.getMetadata(LockerKey))).toEqual([]);
  });
});

describe('removing a record', () => {
  const counts = (loans: number) => ({ 'count(*)': [{ tool_loans: loans }] });

  it('marks it as deleted, once it is locked and nothing hangs on it', async () => {
    const { records, sent } = recordsWith(counts(0));
    await records.remove(as('staff'), aLocker(), 5, ['42']);
    expect(sent.map(({ sql }) => sql.slice(0, 40))).toEqual([
      expect.stringMatching(/^SELECT t\.id/),
      'SELECT (SELECT count(*)::integer FROM to',
      'UPDATE lockers AS t SET deleted_at = now',
    ]);
    expect(sent[0]?.sql).toMatch(/FOR UPDATE OF t$/);
    expect(sent[1]).toEqual({
      sql: 'SELECT (SELECT count(*)::integer FROM tool_loans WHERE locker_id = $1) AS tool_loans',
      values: [5],
    });
    expect(sent[2]?.values.slice(0, 2)).toEqual([5, ['42']]);
  });

  it('counts only what is in use among what hangs on it', async () => {
    const { records, sent } = recordsWith({ 'count(*)': [{ lockers: 0 }] });
    const hall = aLocker({ entity: Hall, scopes: {}, view: aLoan().view.pick({ id: true }) });
    await records.remove(as('staff'), hall, 5);
    expect(sent[1]?.sql).toContain('FROM lockers WHERE hall_id = $1 AND deleted_at IS NULL) AS lockers');
  });

  it.each<[Role, number, string]>([
    ['officer', 3, 'On this locker depend: 3 tool loans. Remove them first.'],
    ['officer', 1, 'On this locker depend: 1 tool loans. Remove them first.'],
    // Staff may not see loans, so neither may they know how many there are.
    ['staff', 3, 'On this locker depend: other records. Remove them first.'],
  ])('is refused to %s while %i records hang on it: %s', async (role, loans, message) => {
    const { records, sent } = recordsWith(counts(loans));
    const error = await errorOf(() => records.remove(as(role), aLocker(), 5));
    expect([error?.code, error?.message]).toEqual(['record.in-use', message]);
    expect(sent.some(({ sql }) => sql.startsWith('UPDATE'))).toBe(false);
  });

  it('is refused before that for another version', async () => {
    const { records } = recordsWith(counts(3));
    expect(await codeOf(() => records.remove(as('staff'), aLocker(), 5, ['41']))).toBe('record.stale-version');
  });

  it('deletes for good where the table has no soft deletes, within the scope', async () => {
    const { records, sent } = recordsWith();
    await records.remove(as('officer'), aLoan(), 5, ['42']);
    expect(sent[0]?.sql).toMatch(
      /^DELETE FROM tool_loans AS t WHERE t\.id = \$1 AND t\.audit_ref = ANY \(\$2::bigint\[\]\) RETURNING/,
    );
    await records.remove(as('staff'), aLoan(), 5);
    expect(sent[1]?.sql).toMatch(/^DELETE FROM tool_loans AS t WHERE t\.id = \$1 AND false RETURNING/);
  });
});

describe('restoring a record', () => {
  const found = (deleted: boolean) => ({ 'AS deleted': [{ ...row, deleted }] });

  it('clears the mark of the locked row and shows the record', async () => {
    const { records, sent } = recordsWith(found(true));
    const shown = await records.restore(as('staff'), aLocker(), 5);
    expect(shown.version).toBe('42');
    // Those who may write it may restore it, whether or not they may look for deleted ones.
    expect(sent[0]?.sql).toMatch(/FROM lockers t WHERE t\.id = \$1 FOR UPDATE OF t$/);
    // What it hangs on must be in use.
    expect(sent[1]?.sql).toMatch(
      /^UPDATE lockers AS t SET deleted_at = CASE WHEN references_in_use\(ARRAY\[.*t\.hall_id.*\]\) THEN NULL::timestamptz END, .* WHERE t\.id = \$1 RETURNING/,
    );
  });

  it.each<[string, Record<string, object[]>, string]>([
    ['that is absent', { 'AS deleted': [] }, 'record.not-found'],
    ['that is in use', found(false), 'record.not-deleted'],
  ])('%s is refused', async (_which, answers, code) => {
    const { records, sent } = recordsWith(answers);
    expect(await codeOf(() => records.restore(as('staff'), aLocker(), 5))).toBe(code);
    expect(sent.some(({ sql }) => sql.startsWith('UPDATE'))).toBe(false);
  });

  it('meets only the rows in the scope of the permission to write', async () => {
    const { records, sent } = recordsWith(found(true));
    await records.restore(as('instructor'), aLocker(), 5);
    expect(sent[0]?.sql).toContain('WHERE t.id = $1 AND false FOR UPDATE');
  });
});
