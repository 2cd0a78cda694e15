import { once } from 'node:events';
import { connect } from 'node:net';
import { spawnApi, type Program, type Reply } from '../support/harness';
import { inParallel, until } from '../support/load';
import { seedMembers } from '../support/seed';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { expectLedgerToTellTheRows } from './replay';

const answersBeforeTheSignal = 300;

interface Outcome {
  /** Whether the request was on its way when the signal came; later ones find the door closing. */
  sentBefore: boolean;
  isChange: boolean;
  phone: string;
  reply?: Reply;
  error?: string;
}

let database: TestDatabase;
let ids: number[];
beforeAll(async () => {
  database = await createTestDatabase();
  ids = await seedMembers(database, 3000);
});
afterAll(() => database.drop());

async function signalUnderLoad(api: Program): Promise<Outcome[]> {
  const clients = [await api.as('staff'), await api.as('officer')];
  // The first requests of a process are slow and open connections. A busy machine would answer some
  // of a burst of them 503.
  for (const parallel of [4, 24]) {
    await inParallel(100, parallel, (index) => clients[index % 2]!.get(`/members/${ids[index]}`));
  }
  let answers = 0;
  let signalled = false;
  return (
    await inParallel(20_000, 24, async (index): Promise<Outcome | undefined> => {
      if (!api.isRunning) return undefined;
      const outcome: Outcome = { sentBefore: !signalled, isChange: index % 2 === 0, phone: `call ${index}` };
      const path = `/members/${ids[index % ids.length]}`;
      const client = clients[index % 2]!;
      try {
        outcome.reply = await (outcome.isChange ? client.patch(path, { phone: outcome.phone }) : client.get(path));
      } catch (error) {
        outcome.error = (error as Error).message;
      }
      answers += 1;
      if (answers === answersBeforeTheSignal) signalled = api.child.kill('SIGTERM');
      return outcome;
    })
  ).filter((outcome) => outcome !== undefined);
}

it('answers on SIGTERM what was asked before, and loses nothing that it acknowledged', async () => {
  const api = await spawnApi(database);
  const outcomes = await signalUnderLoad(api);
  expect(await api.gone()).toBe(0);

  const before = outcomes.filter(({ sentBefore }) => sentBefore);
  expect(before.length).toBeGreaterThanOrEqual(answersBeforeTheSignal);
  const failed = before.filter(({ reply }) => reply?.status !== 200);
  const causes = failed.map(({ reply }) => api.output.find((line) => line.includes(reply?.requestId ?? 'no reply')));
  expect(failed.map(({ reply, error }, index) => [reply?.text ?? error, causes[index]])).toEqual([]);
  // Who comes too late is told so in the form of every error, or meets a closed port.
  const late = outcomes.filter(({ sentBefore, reply }) => !sentBefore && reply && reply.status !== 200);
  expect(
    late
      .filter(({ reply }) => reply?.status !== 503 || reply.json()['type'] !== '/docs/errors#service.unavailable')
      .map(({ reply }) => reply?.text),
  ).toEqual([]);

  const shown = outcomes.filter(({ reply }) => reply?.status === 200);
  const entries = await database.query<{ id: string; phone: string | null }>(
    `SELECT request_id AS id, new_values ->> 'phone' AS phone FROM audit_logs WHERE table_name = 'members' AND request_id IS NOT NULL`,
  );
  const recorded = new Map(entries.map((entry) => [entry.id, entry.phone]));
  expect(
    shown.filter(({ reply, isChange, phone }) => recorded.get(reply!.requestId) !== (isChange ? phone : null)),
  ).toEqual([]);
  await expectLedgerToTellTheRows(database);
});

it('finishes a download that was under way, and lets nobody wait for idle connections', async () => {
  const api = await spawnApi(database);
  const staff = await api.as('staff');
  const officer = await api.as('officer');
  expect((await officer.get('/auth/me')).status).toBe(200);
  const message = await staff.open('GET', '/members/export');
  const gone = api.end('SIGTERM');
  let received = '';
  for await (const chunk of message) received += String(chunk);
  expect(received.trimEnd().split('\n')).toHaveLength(1 + ids.length);
  expect(await gone).toBe(0);
});

it('does not wait for connections on which nothing was asked', async () => {
  const api = await spawnApi(database, { SLOW_CLIENT_SECONDS: '2' });
  const { hostname, port } = new URL(api.url);
  const [silent, dripping] = [connect(Number(port), hostname), connect(Number(port), hostname)];
  const closed = Promise.all([silent, dripping].map((socket) => once(socket, 'close')));
  await Promise.all([silent, dripping].map((socket) => once(socket, 'connect')));
  dripping.write('GET /api/v1/members HTTP/1.1\r\nX-Slow: ');
  expect((await api.anonymous.get('/../../health/live')).status).toBe(200);
  const begun = performance.now();
  expect(await api.end('SIGTERM')).toBe(0);
  expect(performance.now() - begun).toBeLessThan(15_000);
  await closed;
});

it('ends at once on a second signal, however long a download would take', async () => {
  const api = await spawnApi(database);
  const message = await (await api.as('staff')).open('GET', '/members/export');
  api.child.kill('SIGTERM');
  // Two signals at once are one to the process.
  await until(() => api.output.some((line) => line.startsWith('SIGTERM')));
  expect(await api.end('SIGTERM')).toBe(1);
  message.destroy();
});
