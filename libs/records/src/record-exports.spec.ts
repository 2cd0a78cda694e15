import { text } from 'node:stream/consumers';
import type { Role } from '#access';
import type { DisclosureGate } from '#audit';
import { Clock, OutdatedError } from '#kernel';
import type { Disclosure } from '#platform/context';
import { aContext, anActor, codeOf, unconnected } from '../../../test/support/unconnected';
import { BulkRecords } from './bulk-records';
import { aLocker, lockerEntities } from './locker.factory';
import { RecordExports } from './record-exports';

class FixedClock extends Clock {
  override now(): Date {
    return new Date('2026-11-24T23:59:59Z');
  }
}

/** An export of so many lockers, which all have the same values. */
function exported(role: Role, filters: object = {}, count = 1, values: object = {}, changed: number[] = []) {
  const { database, sent } = unconnected(lockerEntities, (sql, bound) => {
    if (!sql.includes('unnest')) return Array.from({ length: count }, (_, index) => ({ id: index + 1, version: '1' }));
    const ids = bound[0] as number[];
    return ids.map((id) => ({
      id,
      version: changed.includes(id) ? '2' : '1',
      json: JSON.stringify({ id, doorNumber: 'B7', ...values }),
    }));
  });
  const context = aContext(anActor(role), { deadlineMs: 1000 });
  const released: Disclosure[] = [];
  const refusals: Error[] = [];
  const gate = {
    release: async () => {
      const refusal = refusals.pop();
      if (refusal) throw refusal;
      released.push(...context.disclosures.splice(0));
    },
  } as unknown as DisclosureGate;
  const exports = new RecordExports(database, new BulkRecords(database), gate, new FixedClock());
  return { context, sent, released, refusals, begin: () => exports.csv(context, aLocker(), filters) };
}

describe('an export', () => {
  it('finds the records in scope and in use that meet the filters, in the order of their ids', async () => {
    const { sent, begin } = exported('member', { hallId: 3 });
    await begin();
    expect(sent[0]).toEqual({
      sql: 'SELECT t.id, t.audit_ref AS version FROM lockers t WHERE t.deleted_at IS NULL AND t.member_id = $1 AND t.hall_id = $2 ORDER BY t.id',
      values: [17, 3],
    });
  });

  it('names every record before the first is written, and may take its time', async () => {
    const { context, sent, begin } = exported('staff', { hallId: 3 }, 2500);
    const file = await begin();
    expect(context.disclosures).toMatchObject([
      { tableName: 'lockers', list: true, action: 'EXPORT', filters: { hallId: 3 } },
    ]);
    expect(context.disclosures[0]?.ids).toHaveLength(2500);
    expect([sent.length, context.timeLeftMs]).toEqual([1, Infinity]);
    const lines = (await text(file.getStream())).trim().split('\n');
    // In parts, none of them twice and none left out.
    expect(sent.slice(1).map(({ values }) => (values[0] as number[]).length)).toEqual([1000, 1000, 500]);
    expect(lines.slice(1).map((line) => Number(line.split(',')[0]))).toEqual(context.disclosures[0]?.ids);
  });

  it('names the versions of records that were changed meanwhile, before it shows them', async () => {
    const { context, released, begin } = exported('staff', {}, 1500, {}, [3, 1200, 1201]);
    const file = await begin();
    expect(context.disclosures[0]?.versions).toEqual(Array.from({ length: 1500 }, () => '1'));
    context.disclosures.length = 0;
    await text(file.getStream());
    expect(released.map(({ ids, versions }) => [ids, versions])).toEqual([
      [[3], ['2']],
      [
        [1200, 1201],
        ['2', '2'],
      ],
    ]);
  });

  it('reads a part again on the primary when the replica lacked a change of the asker', async () => {
    const { context, sent, released, refusals, begin } = exported('staff', {}, 1500, {}, [1200]);
    const file = await begin();
    context.disclosures.length = 0;
    refusals.push(new OutdatedError());
    const lines = (await text(file.getStream())).trim().split('\n');
    expect(lines).toHaveLength(1501);
    expect(context.readsPrimary).toBe(true);
    expect(sent.slice(1).map(({ values }) => (values[0] as number[]).length)).toEqual([1000, 500, 500]);
    expect(released.map(({ ids }) => ids)).toEqual([[1200]]);
  });

  it('breaks off when a part cannot be recorded', async () => {
    const { context, refusals, begin } = exported('staff', {}, 1500, {}, [1200]);
    const file = await begin();
    context.disclosures.length = 0;
    refusals.push(new OutdatedError(), new OutdatedError());
    await expect(text(file.getStream())).rejects.toThrow(OutdatedError);
  });

  it('writes the fields that the actor may see', async () => {
    const headOf = async (role: Role) => (await text((await exported(role).begin()).getStream())).split('\n')[0];
    expect(await headOf('staff')).toBe('id,doorNumber,deposit,notes,createdAt');
    expect(await headOf('member')).toBe('id,doorNumber,deposit,createdAt');
    expect(await headOf('instructor')).toBe('id,doorNumber');
  });

  it.each([
    ['=1+1', `'=1+1`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@sum', `'@sum`],
    ['B7', 'B7'],
  ])('holds %j, which no spreadsheet runs, as %j', async (doorNumber, written) => {
    const file = await exported('instructor', {}, 1, { doorNumber }).begin();
    expect(await text(file.getStream())).toBe(`id,doorNumber\n1,${written}\n`);
  });

  it('is named after its table and the day', async () => {
    const file = await exported('staff').begin();
    expect(file.options).toMatchObject({
      type: 'text/csv; charset=utf-8',
      disposition: 'attachment; filename="lockers-2026-11-24.csv"',
    });
  });

  it('is not filtered by a field that the actor may not see', async () => {
    expect(await codeOf(exported('member', { notes: 'x' }).begin)).toBe('access.field-denied');
  });
});

describe('many records at once', () => {
  it('are made of the columns that any of them has, and those are skipped whose key is taken', async () => {
    const { database, sent } = unconnected(lockerEntities, () => [{ key: 'B7' }]);
    const records = [{ doorNumber: 'B7' }, { doorNumber: 'B8', deposit: '5.00', isTaken: true, hallId: 3 }];
    const context = aContext(anActor('staff'));
    expect(await new BulkRecords(database).create(context, aLocker(), 'doorNumber', records)).toEqual(new Set(['B7']));
    expect(sent).toEqual([
      {
        sql:
          'INSERT INTO lockers (door_number, hall_id, deposit, is_taken) ' +
          'SELECT r."doorNumber", r."hallId", r."deposit", r."isTaken" FROM json_to_recordset($1::json) AS r ' +
          '("doorNumber" varchar, "hallId" integer, "deposit" numeric, "isTaken" boolean) ' +
          'ON CONFLICT (door_number) DO NOTHING RETURNING door_number AS key',
        values: [JSON.stringify(records)],
      },
    ]);
  });
});
