import { Database } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { RetentionService, type HeldRange } from './retention.service';

let database: TestDatabase;
let connected: Database;
let service: RetentionService;
let user: number;

beforeAll(async () => {
  database = await createTestDatabase();
  connected = await Database.connect({ databaseUrl: database.applicationUrl, DATABASE_POOL_SIZE: 3 }, []);
  service = new RetentionService(connected, { AUDIT_RETENTION_YEARS: 7 });
  const [made] = await database.query<{ id: number }>(
    `INSERT INTO users (email, password_hash, first_name, last_name) VALUES ('a@local.example', 'x', 'Ada', 'Admin')
     RETURNING id`,
  );
  user = made?.id ?? 0;
});

afterAll(async () => {
  await connected.onApplicationShutdown();
  await database.drop();
});

interface Conditions {
  table?: string;
  record?: number;
  user?: number;
  from?: string;
  to?: string;
}

/** Places a hold under a matter of that name. */
async function place(matter: string, conditions: Conditions): Promise<void> {
  const { table, record, user: actor, from, to } = conditions;
  await database.query(
    `INSERT INTO legal_holds (matter, reason, table_name, record_id, user_id, held_from, held_to, everything, placed_by, placed_at)
     VALUES ($1, 'Letter', $2, $3, $4, $5, $6, $7, $8, now())`,
    [matter, table, record, actor, from, to, Object.keys(conditions).length === 0, user],
  );
}

async function matters(range: Partial<HeldRange>): Promise<string[]> {
  const november = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
  const holds = await service.holdsOn({ tables: ['members'], ...november, ...range });
  return holds.map(({ matter }) => matter);
}

describe('the holds on a range of entries', () => {
  beforeAll(async () => {
    await place('members', { table: 'members' });
    await place('one member', { table: 'members', record: 17 });
    await place('an actor', { user: 5 });
    await place('an actor on members', { table: 'members', user: 5 });
    await place('from mid-November', { from: '2026-11-15T00:00:00Z' });
    await place('up to November', { to: '2026-11-01T00:00:00Z' });
    await place('from December', { from: '2026-12-01T00:00:00Z' });
    await place('one day of grievances', {
      table: 'grievances',
      from: '2026-11-30T00:00:00Z',
      to: '2026-12-01T00:00:00Z',
    });
  });

  it('are those whose every condition may be met', async () => {
    const anybody = ['members', 'one member', 'an actor', 'an actor on members', 'from mid-November'];
    expect(await matters({})).toEqual(anybody);
    expect(await matters({ actors: [5] })).toEqual(anybody);
    expect(await matters({ actors: [null, 4] })).toEqual(['members', 'one member', 'from mid-November']);
    expect(await matters({ actors: [] })).toEqual(['members', 'one member', 'from mid-November']);
  });

  it('on tables are on what is about them, alone or among others', async () => {
    expect(await matters({ tables: ['users'] })).toEqual(['an actor', 'from mid-November']);
    expect(await matters({ tables: [null] })).toEqual(['an actor', 'from mid-November']);
    expect(await matters({ tables: [null, 'users', 'grievances'], actors: [1] })).toEqual([
      'from mid-November',
      'one day of grievances',
    ]);
  });

  it('on times begin with their first instant and end before their last', async () => {
    const grievances = { tables: ['grievances'], actors: [1] };
    const october = { from: new Date('2026-10-01T00:00:00Z'), to: new Date('2026-11-01T00:00:00Z') };
    const december = { from: new Date('2026-12-01T00:00:00Z'), to: new Date('2027-01-01T00:00:00Z') };
    expect(await matters({ ...grievances, ...october })).toEqual(['up to November']);
    expect(await matters({ ...grievances, ...december })).toEqual(['from mid-November', 'from December']);
    const to = new Date('2026-11-30T00:00:00.001Z');
    expect(await matters({ ...grievances, to })).toContain('one day of grievances');
    expect(await matters({ ...grievances, to: new Date('2026-11-30T00:00:00Z') })).not.toContain(
      'one day of grievances',
    );
  });

  it('are all while everything is held, and none once they are released', async () => {
    await place('everything', {});
    expect(await matters({ tables: ['users'], actors: [null] })).toEqual(['from mid-November', 'everything']);
    await database.query(
      `UPDATE legal_holds SET released_by = $1, released_at = now(), release_reason = 'Settled'
       WHERE matter IN ('everything', 'members', 'from mid-November')`,
      [user],
    );
    expect(await matters({ actors: [null] })).toEqual(['one member']);
    expect(await matters({ tables: ['users'], actors: [null] })).toEqual([]);
  });
});

describe('a hold in the database', () => {
  it('is never deleted, and once released never changed, whoever asks', async () => {
    await place('kept', { table: 'members' });
    const refused = 'A legal hold is never deleted, and a released one stays as it was.';
    await expect(database.query(`DELETE FROM legal_holds WHERE matter = 'kept'`)).rejects.toThrow(refused);
    await database.query(
      `UPDATE legal_holds SET released_by = $1, released_at = now(), release_reason = 'Settled' WHERE matter = 'kept'`,
      [user],
    );
    await expect(database.query(`UPDATE legal_holds SET reason = 'x' WHERE matter = 'kept'`)).rejects.toThrow(refused);
    await expect(
      database.query(
        `UPDATE legal_holds SET released_by = NULL, released_at = NULL, release_reason = NULL WHERE matter = 'kept'`,
      ),
    ).rejects.toThrow(refused);
  });

  it.each([
    ['everything', `everything = true`],
    ['everything', `table_name = NULL`],
    ['record', `table_name = NULL, record_id = 17, user_id = 5`],
    ['range', `held_from = '2026-02-01', held_to = '2026-02-01'`],
    ['released', `released_at = now()`],
  ])('keeps the rule of its %s where somebody sets %s', async (rule, set) => {
    await place('ruled', { table: 'members' });
    await expect(database.query(`UPDATE legal_holds SET ${set} WHERE matter = 'ruled'`)).rejects.toThrow(
      `legal_holds_${rule}_check`,
    );
  });
});

describe('how long entries are retained', () => {
  const month = new Date('2026-12-01T00:00:00Z');

  it('is decided by the longest policy, AUDIT_RETENTION_YEARS among them', async () => {
    const until = new Date('2033-12-01T00:00:00Z');
    const always = { until, years: 7, decidedBy: { tableName: '*', framework: 'AUDIT_RETENTION_YEARS' } };
    expect(await service.retainUntil(['users'], month)).toEqual(always);
    expect(await service.retainUntil([null], month)).toEqual(always);
    expect(await service.retainUntil([], month)).toEqual(always);
    expect(await service.retainUntil(['students', null, 'members'], month)).toEqual({
      ...always,
      decidedBy: { tableName: 'members', framework: 'LMRDA' },
    });
    const brief = new RetentionService(connected, { AUDIT_RETENTION_YEARS: 1 });
    expect(await brief.retainUntil(['file_attachments', 'users'], month)).toEqual({
      until: new Date('2032-12-01T00:00:00Z'),
      years: 6,
      decidedBy: { tableName: 'file_attachments', framework: 'HIPAA' },
    });
    expect((await brief.retainUntil(['users'], month)).decidedBy).toEqual({ tableName: 'users', framework: 'PCI DSS' });
    const long = new RetentionService(connected, { AUDIT_RETENTION_YEARS: 30 });
    expect(await long.retainUntil(['members'], month)).toMatchObject({ ...always, years: 30, until: expect.any(Date) });
  });

  it('follows the policies as they are', async () => {
    await database.query(
      `INSERT INTO retention_policies (table_name, framework, years, source) VALUES ('*', 'Bylaws', 10, 'Art. XII')`,
    );
    expect(await service.retainUntil([null], new Date('2028-02-29T00:00:00Z'))).toEqual({
      until: new Date('2038-03-01T00:00:00Z'),
      years: 10,
      decidedBy: { tableName: '*', framework: 'Bylaws' },
    });
    await database.query(`DELETE FROM retention_policies WHERE framework = 'Bylaws'`);
    expect((await service.retainUntil([null], month)).years).toBe(7);
  });
});

describe('the policies that are there from the beginning', () => {
  it('say what they rest on, and are on record', async () => {
    const policies = await database.query(
      `SELECT framework, years, array_agg(table_name::text ORDER BY table_name) AS tables FROM retention_policies
       GROUP BY 1, 2 ORDER BY 1`,
    );
    expect(policies).toEqual([
      { framework: 'HIPAA', years: 6, tables: ['benevolence_applications', 'file_attachments'] },
      { framework: 'LMRDA', years: 7, tables: ['grievances', 'member_employments', 'members', 'organizations'] },
      { framework: 'PCI DSS', years: 1, tables: ['refresh_tokens', 'users'] },
      { framework: 'SOX', years: 7, tables: ['benevolence_applications', 'benevolence_reviews'] },
    ]);
    const [entries] = await database.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM audit_logs l JOIN retention_policies p ON p.audit_ref = l.id
       WHERE l.table_name = 'retention_policies' AND l.action = 'CREATE' AND p.source ~ '(U\\.S\\.C|CFR|v4\\.0\\.1)'`,
    );
    expect(entries?.count).toBe(10);
  });
});
