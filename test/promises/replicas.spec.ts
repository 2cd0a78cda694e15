import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Reply } from '../support/client';
import { writeTokenKey } from '../support/keys';
import { until } from '../support/load';
import { answeredBy as readsAnsweredBy, metricOf, portOf } from '../support/metrics';
import { spawnApi, type Program } from '../support/program';
import { made, type Shown } from '../support/records';
import { aMember } from '../../libs/members/src/member.factory';
import { noRedis, OwnRedis } from '../support/redis';
import { OwnServer } from '../support/own-server';
import { tries } from '../support/soak';

/** Pairs of a write and the read that must see it. */
const quietPairs = tries(90, 1_000);
const troubledPairs = tries(12, 80);
const delayMs = 10_000;
const describeWithRedis = noRedis ? describe.skip : describe;

const folder = mkdtempSync(join(tmpdir(), 'ip2a-replicas-'));
let primary: OwnServer;
let quick: OwnServer;
let late: OwnServer;
let redis: OwnRedis;
let one: Program;
let other: Program;
let writer: Client;
let reader: Client;
let count = 0;
let slowest = 0;

const answeredBy = (server: OwnServer) => readsAnsweredBy([other], server);
const isUsed = async (server: OwnServer, program = other) =>
  (await metricOf([program], `ip2a_replica_up{replica="127.0.0.1:${portOf(server)}"}`)) === 1;

const idsOf = (reply: Reply) => reply.json<{ items: Shown[] }>().items.map(({ id }) => id);

/** A member written through one process, and looked for through the other as the same user, in one of three ways. */
async function pair(): Promise<string | undefined> {
  count += 1;
  const number = String(3_000_000 + count);
  const created = await writer.post('/members', { ...aMember(), memberNumber: number });
  if (created.status !== 201) return created.status === 503 ? undefined : `POST ${created.status} ${created.text}`;
  const { id } = created.json<Shown>();
  const path = [`/members?q=${number}`, '/members?sort=-id&limit=5', `/members?q=${number}&count=true&status=active`][
    count % 3
  ] as string;
  const found = await reader.get(path);
  slowest = Math.max(slowest, found.ms);
  if (found.status !== 200) return `GET ${path} ${found.status} ${found.text}`;
  return idsOf(found).includes(id) ? undefined : `stale: ${path} lacks ${id}`;
}

async function pairs(wanted: number): Promise<string[]> {
  const faults: string[] = [];
  for (let done = 0; done < wanted; done += 1) {
    const fault = await pair();
    if (fault) faults.push(fault);
  }
  return faults;
}

describeWithRedis('a read sees your own writes', () => {
  beforeAll(async () => {
    [primary, redis] = await Promise.all([OwnServer.start(), OwnRedis.start()]);
    quick = await OwnServer.following(primary);
    late = await OwnServer.following(primary, delayMs);
    const env = {
      JWT_PRIVATE_KEY_FILE: writeTokenKey(folder),
      REDIS_URL: redis.url,
      DATABASE_REPLICA_URLS: `${quick.applicationUrl},${late.applicationUrl}`,
    };
    one = await spawnApi(primary, env);
    other = await spawnApi(primary, env);
    writer = await one.somebody(['staff']);
    reader = other.client(writer.account, writer.session);
    await until(() => isUsed(quick), 30_000);
  });
  afterAll(async () => {
    for (const program of [one, other]) await program.close();
    for (const server of [quick, late, primary]) await server.drop();
    await redis.stop();
    rmSync(folder, { recursive: true });
  });

  it('from another process, on replicas of which one is ten seconds late', async () => {
    const before = await answeredBy(quick);
    expect(await pairs(quietPairs)).toEqual([]);
    // What a replica has in time it answers: reads do leave the primary.
    expect((await answeredBy(quick)) - before).toBeGreaterThan(quietPairs / 2);
  });

  it('and what others wrote within the bound, on a replica, with its entry on the primary', async () => {
    const { id } = await made(writer, '/members', { ...aMember(), lastName: 'Zumwalt' });
    const auditor = await other.somebody(['officer']);
    const before = (await answeredBy(quick)) + (await answeredBy(late));
    await until(async () => idsOf(await auditor.get('/members?q=Zumwalt')).includes(id), 15_000);
    for (let reads = 0; reads < 20; reads += 1) {
      const reply = await auditor.get('/members?q=Zumwalt');
      await other.expectAudit(reply, { action: 'BULK_READ', tableName: 'members', changedBy: auditor.account.id });
    }
    expect((await answeredBy(quick)) + (await answeredBy(late)) - before).toBeGreaterThanOrEqual(20);
  });

  it('and nothing of what a replica has answered is shown while its entry can not be kept', async () => {
    await made(writer, '/members', { ...aMember(), lastName: 'Quincannon' });
    await until(async () => idsOf(await reader.get('/members?q=Quincannon')).length > 0, 30_000);
    const before = (await answeredBy(quick)) + (await answeredBy(late));
    await primary.query('REVOKE INSERT ON audit_logs FROM ip2a_owner');
    const refused: Reply[] = [];
    try {
      for (let reads = 0; reads < 10; reads += 1) refused.push(await reader.get('/members?q=Quincannon'));
    } finally {
      await primary.query('GRANT INSERT ON audit_logs TO ip2a_owner');
    }
    expect(refused.map(({ status, text }) => [status, text.includes('Quincannon')])).toEqual(
      refused.map(() => [503, false]),
    );
    expect((await answeredBy(quick)) + (await answeredBy(late)) - before).toBeGreaterThan(0);
    await until(async () => (await reader.get('/members?q=Quincannon')).status === 200, 30_000);
  });

  it('and a trail names the reading that was answered a moment ago', async () => {
    const auditor = await other.somebody(['officer']);
    const { id } = await made(writer, '/members', aMember());
    for (let reads = 0; reads < 20; reads += 1) {
      const shown = await reader.get(`/members/${id}`);
      const trail = (await auditor.get(`/members/${id}/audit-trail`)).json<{ items: { requestId: string }[] }>();
      expect(trail.items.map(({ requestId }) => requestId)).toContain(shown.requestId);
    }
  });

  it('while a replica hangs, and it is used again afterwards', async () => {
    slowest = 0;
    quick.pause();
    const faults = await pairs(troubledPairs);
    const slow = slowest;
    quick.resume();
    expect(faults).toEqual([]);
    expect(slow).toBeLessThan(1_400);
    await until(() => isUsed(quick), 30_000);
    expect(await pairs(troubledPairs)).toEqual([]);
  });

  it('while a replica is killed, and it is used again afterwards', async () => {
    const killed = quick.kill();
    expect(await pairs(troubledPairs)).toEqual([]);
    await killed;
    await quick.startAgain();
    expect(await pairs(troubledPairs)).toEqual([]);
    await until(() => isUsed(quick), 30_000);
  });

  it('while Redis is emptied, paused, killed and started again', async () => {
    const emptying = new AbortController();
    const emptied = (async () => {
      while (!emptying.signal.aborted) await redis.command('FLUSHALL').then(() => sleep(3));
    })();
    expect(await pairs(3 * troubledPairs)).toEqual([]);
    emptying.abort();
    await emptied;
    redis.pause();
    expect(await pairs(troubledPairs)).toEqual([]);
    redis.resume();
    expect(await pairs(troubledPairs)).toEqual([]);
    await redis.kill();
    expect(await pairs(troubledPairs)).toEqual([]);
    await redis.startAgain();
    expect(await pairs(troubledPairs)).toEqual([]);
  });

  it('after the primary was killed and has recovered', async () => {
    await primary.kill();
    await primary.startAgain();
    await until(async () => (await reader.get('/members?limit=1')).status === 200, 30_000);
    await until(async () => (await pair()) === undefined, 30_000);
    expect(await pairs(troubledPairs)).toEqual([]);
    await until(() => isUsed(quick), 30_000);
  });

  it('after a replica was promoted and took the address of the primary, which is found without a restart', async () => {
    await primary.shutDown();
    await quick.promote();
    primary.moveTo(quick);
    await until(async () => (await reader.get('/members?limit=1')).status === 200, 30_000);
    expect(await pairs(troubledPairs)).toEqual([]);
    // It is no replica any more.
    expect(await isUsed(quick)).toBe(false);
  });
});
