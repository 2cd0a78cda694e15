import { SchedulerRegistry } from '@nestjs/schedule';
import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { isRedacted } from '../../../test/support/ledger';

let api: LocalApi;
/** Another worker on the same database. */
let other: LocalApi;
let client: Client;
let userId: number;
beforeAll(async () => {
  api = await startApi();
  other = await startApi({ database: api.database });
  client = await api.somebody(['staff']);
  userId = client.account.id;
});
afterAll(async () => {
  await other.close();
  await api.close();
});

const many = 450;

/** Runs what is scheduled in both workers at once, now. */
const runTasks = () =>
  Promise.all(
    [api, other].flatMap(({ app }) =>
      [...app.get(SchedulerRegistry).getCronJobs().values()].map(async (job) => job.fireOnTick()),
    ),
  );
const idsOf = async (table: string) =>
  (await api.query<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => id);

/** Rows of the table, `count` that have expired and one that nearly has; answers the id of the latter. */
async function seed(table: string, columns: string, values: string, expiry: string, count: number): Promise<number> {
  const insert = (from: number, to: number, age: string) =>
    api.query<{ id: number }>(
      `INSERT INTO ${table} (${columns}, ${expiry}) SELECT ${values}, now() - interval '${age}'
       FROM generate_series(${from}, ${to}) AS n RETURNING id`,
    );
  await insert(1, count, '60 days');
  const [live] = await insert(count + 1, count + 1, '23 hours');
  return live?.id ?? 0;
}

describe('what has expired', () => {
  it('takes counts of guesses with it that are a day old', async () => {
    await api.query(
      `INSERT INTO login_guesses (account_id, kind, network, wrong, guessed_at)
       SELECT $1, 'password', n::text, 1, now() - make_interval(hours => n) FROM unnest(ARRAY[1, 23, 25, 600]) AS n`,
      [userId],
    );
    await runTasks();
    const kept = await api.query<{ network: string }>('SELECT network FROM login_guesses ORDER BY id');
    expect(kept.map(({ network }) => network)).toEqual(['1', '23']);
  });

  it('goes in batches, once, whichever worker comes first, each row with its entry', async () => {
    const live = await seed(
      'one_time_tokens',
      'user_id, purpose, token_hash',
      `${userId}, 'mfa', lpad(n::text, 64, '0')`,
      'expires_at',
      many,
    );
    const [{ last } = { last: 0 }] = await api.query<{ last: number }>(
      'SELECT max(id)::float8 AS last FROM audit_logs',
    );
    await runTasks();
    await runTasks();
    expect(await idsOf('one_time_tokens')).toEqual([live]);
    const entries = await api.entries({ tableName: 'one_time_tokens', action: 'DELETE', since: last });
    expect(entries).toHaveLength(many);
    expect(new Set(entries.map(({ recordId }) => recordId)).size).toBe(many);
    expect(entries[0]).toMatchObject({
      source: 'job',
      route: 'purge',
      changedBy: null,
      actorEmail: 'system:purge',
      oldValues: { user_id: userId, purpose: 'mfa', token_hash: isRedacted() },
    });
  });

  it('is every kind of thing that expires, and nothing that still counts', async () => {
    const { id: memberId } = (await (await api.as('admin')).post('/members', aMember())).json<{ id: number }>();
    const hash = `lpad(n::text, 64, '0')`;
    const registration = await seed(
      'registrations',
      'member_id, email, token_hash',
      `${memberId}, 'rosa@local.example', ${hash}`,
      'expires_at',
      3,
    );
    const key = await seed(
      'idempotency_keys',
      'user_id, operation, key, request_hash, record_id',
      `${userId}, 'members:create', n::text, ${hash}, 1`,
      'created_at',
      3,
    );
    const started = await seed(
      'imports',
      'user_id, operation, key',
      `${userId}, 'members:import', n::text`,
      'created_at',
      3,
    );
    await runTasks();
    expect(await idsOf('registrations')).toEqual([registration]);
    expect(await idsOf('idempotency_keys')).toEqual([key]);
    expect(await idsOf('imports')).toEqual([started]);
    const role = await api.query('SELECT FROM user_roles WHERE user_id = $1', [userId]);
    expect(role).toHaveLength(1);
  });

  it('leaves a session that goes on as it is, with the day it began', async () => {
    const session = await api.login(client.account);
    const { refreshToken } = session.session;
    const next = (await api.anonymous.post('/auth/refresh', { refreshToken })).json<typeof session.session>();
    const third = (await api.anonymous.post('/auth/refresh', { refreshToken: next.refreshToken })).json<typeof next>();
    const [{ family } = { family: '' }] = await api.query<{ family: string }>(
      'SELECT family_id AS family FROM refresh_tokens ORDER BY id DESC LIMIT 1',
    );
    await api.query(
      `UPDATE refresh_tokens SET expires_at = now() - interval '2 days', created_at = now() - interval '16 days'
       WHERE family_id = $1 AND rotated_at IS NOT NULL`,
      [family],
    );
    const over = await seed(
      'refresh_tokens',
      'user_id, family_id, token_hash',
      `${userId}, gen_random_uuid(), lpad(n::text, 64, '0')`,
      'expires_at',
      3,
    );
    const begun = async () =>
      (await session.get('/auth/sessions'))
        .json<{ items: { id: string; createdAt: string }[] }>()
        .items.find(({ id }) => id === family)?.createdAt;
    const before = await begun();
    await runTasks();
    const left = await api.query<{ isFirst: boolean; isLast: boolean }>(
      `SELECT rotated_at IS NOT NULL AS "isFirst", rotated_at IS NULL AS "isLast" FROM refresh_tokens
       WHERE family_id = $1 ORDER BY id`,
      [family],
    );
    expect(left).toEqual([
      { isFirst: true, isLast: false },
      { isFirst: false, isLast: true },
    ]);
    expect(await begun()).toBe(before);
    expect(await idsOf('refresh_tokens')).toContain(over);
    expect((await api.anonymous.post('/auth/refresh', { refreshToken: third.refreshToken })).status).toBe(200);
  });
});
