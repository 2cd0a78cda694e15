import { aMember } from '../../libs/members/src/member.factory';
import { spawnApi, type Client, type Program, type Reply } from '../support/harness';
import { inParallel } from '../support/load';
import { seedMembers } from '../support/seed';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { tries } from '../support/soak';
import { expectLedgerToTellTheRows } from './replay';

const rounds = tries(2, 6);
const width = 24;
/** Answers after which the program is killed, while the next ones are under way. */
const answersBeforeTheKill = 150;

interface Attempt {
  method: string;
  path: string;
  body?: Record<string, unknown>;
  key: string;
  /** Undefined where the kill came first: the client does not know what became of it. */
  reply?: Reply;
}

let database: TestDatabase;
let ids: number[];
beforeAll(async () => {
  database = await createTestDatabase();
  ids = await seedMembers(database, 100);
});
afterAll(() => database.drop());

function attempt(round: number, index: number): Attempt {
  const key = `round-${round}-${index}`;
  const path = `/members/${ids[index % ids.length]}`;
  switch (index % 6) {
    case 0:
    case 1:
      return { method: 'POST', path: '/members', body: { ...aMember({ memberNumber: `K${round}X${index}` }) }, key };
    case 2:
      return { method: 'DELETE', path: `/members/${ids[(index * 7) % ids.length]}`, key };
    case 3:
      return { method: 'POST', path: `/members/${ids[(index * 7 - 7) % ids.length]}/restore`, key };
    default:
      return { method: 'PATCH', path, body: { phone: key }, key };
  }
}

/** Sends changes until the program has answered so many, kills it there and then, and answers what was sent. */
async function killUnderLoad(api: Program, staff: Client, round: number): Promise<Attempt[]> {
  let answers = 0;
  const attempts = await inParallel(10_000, width, async (index) => {
    if (!api.isRunning) return undefined;
    const made = attempt(round, index);
    const headers = { 'X-Request-Id': made.key, 'Idempotency-Key': made.key };
    made.reply = await staff.send(made.method, made.path, made.body, headers).catch(() => undefined);
    answers += 1;
    if (answers === answersBeforeTheKill) api.child.kill('SIGKILL');
    return made;
  });
  await api.end('SIGKILL');
  return attempts.filter((made) => made !== undefined);
}

it('loses nothing that was acknowledged, and makes no change without its entry, wherever a kill -9 falls', async () => {
  const attempts: Attempt[] = [];
  let api = await spawnApi(database);
  for (let round = 1; round <= rounds; round += 1) {
    attempts.push(...(await killUnderLoad(api, await api.as('staff'), round)));
    api = await spawnApi(database);
  }

  await expectLedgerToTellTheRows(database);
  const acknowledged = attempts.filter(({ reply }) => reply && reply.status < 300);
  const unknown = attempts.filter(({ reply }) => !reply);
  expect(acknowledged.length).toBeGreaterThan(rounds * 50);
  expect(unknown.length).toBeGreaterThanOrEqual(rounds);
  const changes = await database.query<{ key: string; action: string; phone: string | null; number: string | null }>(
    `SELECT request_id AS key, action, new_values ->> 'phone' AS phone, new_values ->> 'member_number' AS number
     FROM audit_logs WHERE table_name = 'members' AND request_id LIKE 'round-%' AND action NOT IN ('READ')`,
  );
  const recorded = new Map(changes.map((change) => [change.key, change]));
  expect(recorded.size).toBe(changes.length);
  const forgotten = acknowledged.filter(({ key, method, path, body }) => {
    const entry = recorded.get(key);
    if (method === 'DELETE') return entry?.action !== 'DELETE';
    if (path.endsWith('/restore')) return entry?.action !== 'RESTORE';
    if (method === 'PATCH') return entry?.phone !== body?.['phone'];
    return entry?.action !== 'CREATE' || entry.number !== body?.['memberNumber'];
  });
  expect(forgotten.map(({ key, method, reply }) => `${key} ${method} ${reply?.status}`)).toEqual([]);
  await api.close();
});

it('lets a client repeat what it got no answer to, and then there is one record', async () => {
  const api = await spawnApi(database);
  const clerk = await api.account(['staff']);
  const killed = await killUnderLoad(api, await api.login(clerk), rounds + 1);
  const unanswered = killed.filter(({ reply, path }) => !reply && path === '/members');
  expect(unanswered.length).toBeGreaterThan(0);

  const again = await spawnApi(database);
  const staff = await again.login(clerk);
  for (const { key, body } of unanswered) {
    const reply = await staff.post('/members', body, { 'Idempotency-Key': key });
    expect([reply.status, reply.json()['memberNumber']]).toEqual([201, body?.['memberNumber']]);
  }
  const numbers = unanswered.map(({ body }) => body?.['memberNumber']);
  expect(await database.query('SELECT FROM members WHERE member_number = ANY ($1)', [numbers])).toHaveLength(
    numbers.length,
  );
  await expectLedgerToTellTheRows(database);
  await again.close();
});
