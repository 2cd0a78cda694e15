import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { StreamableFile } from '@nestjs/common';
import type { Role } from '#access';
import type { DisclosureGate, ExportLeases } from '#audit';
import { Calendar, OutdatedError } from '#kernel';
import type { Disclosure, RequestContext } from '#platform/context';
import { aContext, anActor, codeOf, unconnected } from '../../../test/support/unconnected';
import { BulkRecords } from './bulk-records';
import { aLocker, lockerEntities } from './locker.factory';
import { RecordExports } from './record-exports';

/** Some hours after midnight in UTC. */
const calendar = new Calendar({ now: () => new Date('2026-11-25T07:59:59Z') }, 'America/Los_Angeles');

/** An export of so many lockers, which all have the same values. */
function exported(role: Role, filters: object = {}, count = 1, values: object = {}) {
  const { database, sent } = unconnected(lockerEntities, (_sql, bound) => {
    const after = Number(bound.at(-1));
    return Array.from({ length: Math.min(5001, count - after) }, (_, index) => {
      const id = after + index + 1;
      return { id, version: String(1000 + id), json: JSON.stringify({ id, doorNumber: 'B7', ...values }) };
    });
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
  const leases = {
    stream: async (_: RequestContext, begin: () => Promise<AsyncIterable<string>>) => Readable.from(await begin()),
  } as unknown as ExportLeases;
  const exports = new RecordExports(new BulkRecords(database), gate, leases, calendar);
  return { context, sent, released, refusals, begin: () => exports.csv(context, aLocker(), filters) };
}

const linesOf = async (file: StreamableFile) => (await text(file.getStream())).trim().split('\n');

describe('an export', () => {
  it('finds the records in scope and in use that meet the filters, in the order of their ids', async () => {
    const { sent, begin } = exported('member', { hallId: 3 });
    await begin();
    expect(sent[0]?.sql).toMatch(
      / FROM lockers t WHERE t\.deleted_at IS NULL AND t\.member_id = \$1 AND t\.hall_id = \$2 AND t\.id > \$3 ORDER BY t\.id LIMIT 5001$/,
    );
    expect(sent[0]?.values).toEqual([17, 3, 0]);
  });

  it('names the records of each part before it is written, and may take its time', async () => {
    const { context, sent, released, begin } = exported('staff', { hallId: 3 }, 11_000);
    const file = await begin();
    expect([sent.length, context.timeLeftMs, context.replyHasBegun]).toEqual([1, Infinity, false]);
    released.push(...context.disclosures.splice(0));
    const lines = await linesOf(file);
    expect(context.replyHasBegun).toBe(true);
    expect(sent.map(({ values }) => values.at(-1))).toEqual([0, 5000, 10_000]);
    expect(released.map(({ ids }) => ids.length)).toEqual([5000, 5000, 1000]);
    const shown = { tableName: 'lockers', list: true, action: 'EXPORT', filters: { hallId: 3 } };
    expect(released).toEqual(released.map(() => expect.objectContaining(shown) as object));
    const ids = released.flatMap(({ ids }) => ids);
    expect(lines.slice(1).map((line) => Number(line.split(',')[0]))).toEqual(ids);
    expect(released.flatMap(({ versions }) => versions)).toEqual(ids.map((id) => String(1000 + id)));
    const notes = released.map(({ notes }) => notes?.replace(/[0-9a-f]{16}/, 'it'));
    expect(notes).toEqual(['part 1 of it', 'part 2 of it', 'part 3 of it, the last']);
  });

  it.each([
    [0, 1],
    [5000, 1],
    [5001, 2],
  ])('of %i records has %i parts', async (count, parts) => {
    const { context, released, begin } = exported('staff', {}, count);
    const file = await begin();
    released.push(...context.disclosures.splice(0));
    expect(await linesOf(file)).toHaveLength(count + 1);
    expect(released).toHaveLength(parts);
    expect(released[0]?.notes === undefined).toBe(parts === 1);
  });

  it('asks for the rights of the account before each part', async () => {
    const { context, begin } = exported('staff', {}, 6000);
    context.account = { id: 7, version: '1', isConfirmed: true };
    await linesOf(await begin());
    expect(context.account.isConfirmed).toBe(false);
  });

  it('reads a part again on the primary when something has changed meanwhile', async () => {
    const { context, sent, released, refusals, begin } = exported('staff', {}, 6000);
    const file = await begin();
    context.disclosures.length = 0;
    refusals.push(new OutdatedError());
    const decided: string[] = [];
    context.lookUpAgain = async () => {
      context.actor = anActor('staff');
      decided.push('account');
    };
    context.decisions.push(() => decided.push('guard'));
    expect(await linesOf(file)).toHaveLength(6001);
    expect([context.readsPrimary, decided]).toEqual([true, ['account', 'guard']]);
    expect(sent.map(({ values }) => values.at(-1))).toEqual([0, 5000, 5000]);
    expect(released.map(({ ids }) => ids.length)).toEqual([1000]);
  });

  it.each([
    ['cannot be recorded', [new OutdatedError(), new OutdatedError()], 'staff'],
    ['would show fewer fields', [new OutdatedError()], 'instructor'],
  ] as const)('breaks off when a part %s', async (_, given, role) => {
    const { context, refusals, begin } = exported('staff', {}, 6000);
    const file = await begin();
    context.disclosures.length = 0;
    refusals.push(...given);
    context.lookUpAgain = async () => void (context.actor = anActor(role));
    await expect(text(file.getStream())).rejects.toThrow(OutdatedError);
  });

  it('writes the fields that the actor may see', async () => {
    const headOf = async (role: Role) => (await text((await exported(role).begin()).getStream())).split('\n')[0];
    expect(await headOf('staff')).toBe('\ufeffid,doorNumber,deposit,notes,createdAt');
    expect(await headOf('member')).toBe('\ufeffid,doorNumber,deposit,createdAt');
    expect(await headOf('instructor')).toBe('\ufeffid,doorNumber');
  });

  it.each([
    ['=1+1', `'=1+1`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@sum', `'@sum`],
    [`'=1+1`, `''=1+1`],
    [`'B7'`, `'B7'`],
    ['B7', 'B7'],
  ])('holds %j, which no spreadsheet runs, as %j', async (doorNumber, written) => {
    const file = await exported('instructor', {}, 1, { doorNumber }).begin();
    expect(await text(file.getStream())).toBe(`\ufeffid,doorNumber\n1,${written}\n`);
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
