import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { Clock, Random } from '#kernel';
import type { Config } from '#platform/config';
import {
  checkProof,
  DatabaseSource,
  encodeVerifierKey,
  LedgerKey,
  signatureType,
  verifierKey,
  verifyLedger,
  Witness,
  type LogVerdict,
} from '#ledger';
import { until } from '../support/load';
import { spawnApi, startApi, type Api, type LocalApi, type Program } from '../support/harness';
import type { TestDatabase } from '../support/database';
import { noPgBouncer, startPgBouncer } from '../support/pgbouncer';
import { OwnServer } from '../support/own-server';
import { isSoak, tries } from '../support/soak';
import { startWriter, writeEntries } from './writer';

/** P5: an entry is a leaf of the tree within this time; a leader that was killed is followed within the other. */
const sealedWithinMs = 2_000;
const followedWithinMs = 5_000;
const origin = 'ip2a/test';
/** Starting and killing programs while eight others write takes its time on a busy machine. */
const patienceMs = 60_000;
/** A transaction that keeps others from being sealed is ended within this time. */
const endedWithinMs = 15_000;
/** How often the age of unsealed entries is looked at, in ms. */
const pollMs = 20;

/** A server of its own: transactions in other databases of a server hold sealing up, too. */
let server: OwnServer;
let database: TestDatabase;
let databases = 0;
let folder: string;
let keyFile: string;
let key: LedgerKey;

beforeAll(async () => {
  server = await OwnServer.start();
});
afterAll(() => server.drop());

beforeEach(async () => {
  database = await server.clone(`sealing_${(databases += 1)}`);
  folder = mkdtempSync(join(tmpdir(), 'ip2a-sealing-'));
  keyFile = join(folder, 'ledger.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  key = new LedgerKey({ LEDGER_ORIGIN: origin, LEDGER_PRIVATE_KEY_FILE: keyFile });
});
afterEach(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** A service that the test may kill. */
function start(env: NodeJS.ProcessEnv = {}): Promise<Program> {
  return spawnApi(database, {
    LEDGER_ORIGIN: origin,
    LEDGER_PRIVATE_KEY_FILE: keyFile,
    ARCHIVE_URL: `file:${join(folder, 'archive')}`,
    ...env,
  });
}

/** The same in this process, for what needs no kill. */
function startHere(config: Partial<Config> = {}): Promise<LocalApi> {
  const ARCHIVE_URL = `file:${join(folder, 'archive')}`;
  return startApi({
    database,
    config: { LEDGER_ORIGIN: origin, LEDGER_PRIVATE_KEY_FILE: keyFile, ARCHIVE_URL, ...config },
  });
}

async function count(sql: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${sql}`);
  return row?.count ?? 0;
}

const unsealed = () => count('audit_logs WHERE audit_leaf_index(txid, id) IS NULL');

async function verify(): Promise<LogVerdict> {
  const source = await DatabaseSource.open(database.applicationUrl);
  try {
    return await verifyLedger(source, { open: (signed) => key.open(signed) });
  } finally {
    await source.close();
  }
}

async function ready(api: Api): Promise<{ status: number; ledger: string }> {
  const reply = await api.anonymous.get('/../../health/ready');
  return {
    status: reply.status,
    ledger: reply.json<{ checks: { ledger: { detail: string } } }>().checks.ledger.detail,
  };
}

const running = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

describe('eight processes that write, roll back and are killed, while the sealing ones are killed, too', () => {
  it('leave a tree whose leaves are the committed entries, each once', async () => {
    const random = new Random(7);
    let sealers = [await start(), await start()];
    // Every other transaction of ten entries is rolled back; three of the eight writers are killed on the way.
    const transactions = tries(12, 100);
    const writers = Array.from({ length: 8 }, (_, index) =>
      startWriter(database.applicationUrl, transactions, 10, `writer-${index}`),
    );
    const target = 8 * transactions * 5;
    for (const kills of isSoak ? [1, 2, 3] : [1, 2]) {
      const written = (kills * target) / 6;
      await until(async () => (await count('audit_logs')) > written || !writers.some(running), patienceMs);
      random.pick(writers).kill('SIGKILL');
      await sealers[kills % 2]?.end('SIGKILL');
      sealers = sealers.with(kills % 2, await start());
    }
    await Promise.all(writers.filter(running).map((writer) => once(writer, 'exit')));
    await until(async () => (await unsealed()) === 0, patienceMs);

    const committed = await count(`audit_logs WHERE request_id LIKE 'writer-%'`);
    expect(committed).toBeGreaterThan(target / 3);
    expect(committed % 10).toBe(0);
    await Promise.all(sealers.map((sealer) => sealer.end('SIGTERM')));
    const all = await count('audit_logs');
    const unsealedAtTheEnd = await unsealed();
    expect(await verify()).toMatchObject({ valid: true, treeSize: all - unsealedAtTheEnd, unsealed: unsealedAtTheEnd });
    const [sizes] = await database.query<{ isContinuous: boolean }>(
      `SELECT bool_and(tree_size = coalesce(earlier, 0) + entry_count AND seq = place) AS "isContinuous" FROM
         (SELECT *, lag(tree_size) OVER (ORDER BY seq) AS earlier, row_number() OVER (ORDER BY seq) AS place FROM audit_seals) s`,
    );
    expect(sizes?.isContinuous).toBe(true);
  });
});

/** The longest that an entry of this writer took to be sealed, in ms; polled, so a little more than it was. */
async function slowestSeal(mark: string, writer: ChildProcess): Promise<number> {
  const firstSeen = new Map<number, number>();
  let slowest = 0;
  while (running(writer) || firstSeen.size > 0) {
    const rows = await database.query<{ id: string; ageMs: number }>(
      `SELECT id, extract(epoch FROM clock_timestamp() - changed_at)::float8 * 1000 AS "ageMs" FROM audit_logs
       WHERE request_id = $1 AND audit_leaf_index(txid, id) IS NULL`,
      [mark],
    );
    for (const { ageMs } of rows) slowest = Math.max(slowest, ageMs);
    firstSeen.clear();
    for (const { id } of rows) firstSeen.set(Number(id), 0);
    await sleep(pollMs);
  }
  return slowest;
}

describe('an entry', () => {
  it('is sealed in time while entries come fast', async () => {
    const api = await start();
    await until(async () => (await unsealed()) === 0);
    const transactions = tries(26, 800);
    const writer = startWriter(database.applicationUrl, transactions, 10, 'fast');
    expect(await slowestSeal('fast', writer)).toBeLessThan(sealedWithinMs);
    expect(await count(`audit_logs WHERE request_id = 'fast'`)).toBe(transactions * 5);
    await api.close();
  });

  it('is sealed by another process soon after the one that sealed was killed', async () => {
    const leader = await start();
    await until(async () => (await unsealed()) === 0);
    const follower = await start();
    await writeEntries(database.applicationUrl, 1, 1, 'before the kill');
    await leader.end('SIGKILL');
    const killedAt = performance.now();
    await writeEntries(database.applicationUrl, 1, 1, 'after the kill');
    await until(
      async () =>
        (await count(`audit_logs WHERE request_id = 'after the kill' AND audit_leaf_index(txid, id) >= 0`)) === 1,
    );
    expect(performance.now() - killedAt).toBeLessThan(followedWithinMs);
    await follower.close();
  });

  it('waits for the transactions that began before its own, and is sealed when they are over', async () => {
    const api = await startHere();
    await until(async () => (await unsealed()) === 0);
    const slow = new Connection({ connectionString: database.applicationUrl });
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(`SELECT audit_append('[{"action":"READ","source":"api","requestId":"slow"}]')`);
    await writeEntries(database.applicationUrl, 1, 1, 'quick');
    const [before] = await database.query<{ seq: string }>('SELECT max(seq) AS seq FROM audit_seals');
    expect(await unsealed()).toBe(1);
    await slow.query('COMMIT');
    await slow.end();
    await until(async () => (await unsealed()) === 0);
    const sealed = await database.query<{ request: string; isLater: boolean }>(
      `SELECT request_id AS request, (SELECT min(seq) FROM audit_seals WHERE tree_size > audit_leaf_index(txid, id)) > $1 AS "isLater"
       FROM audit_logs WHERE request_id IN ('slow', 'quick') ORDER BY audit_leaf_index(txid, id)`,
      [before?.seq],
    );
    expect(sealed).toEqual([
      { request: 'slow', isLater: true },
      { request: 'quick', isLater: true },
    ]);
    await api.close();
  });

  it('does not wait for a transaction of the application that waits for its client: that is ended', async () => {
    const api = await startHere();
    await until(async () => (await unsealed()) === 0);
    const slow = new Connection({ connectionString: database.applicationUrl });
    slow.on('error', () => undefined);
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(`SELECT audit_append('[{"action":"READ","source":"api","requestId":"never committed"}]')`);
    await writeEntries(database.applicationUrl, 1, 1, 'quick');
    await until(async () => (await unsealed()) === 0, endedWithinMs);
    await expect(slow.query('COMMIT')).rejects.toThrow();
    expect(await count(`audit_logs WHERE request_id = 'never committed'`)).toBe(0);
    await api.close();
  });

  it('that waits longer than promised shows in readiness, and one that is not sealed at all ends it', async () => {
    const api = await startHere();
    await until(async () => (await unsealed()) === 0);
    const operator = new Connection({ connectionString: database.superuserUrl });
    await operator.connect();
    await operator.query('BEGIN; SELECT pg_current_xact_id()');
    await writeEntries(database.applicationUrl, 1, 1, 'late');
    await until(async () => (await ready(api)).ledger.includes('has waited'));
    expect((await ready(api)).status).toBe(200);
    await until(async () => (await ready(api)).status === 503, patienceMs);
    await operator.query('COMMIT');
    await operator.end();
    await until(async () => (await unsealed()) === 0);
    await until(async () => (await ready(api)).ledger.includes('entries sealed'));
    await api.close();
  });

  (noPgBouncer ? it.skip : it)(
    `is sealed through PgBouncer in transaction mode${noPgBouncer ? ` (${noPgBouncer})` : ''}`,
    async () => {
      const pooler = await startPgBouncer(database.applicationUrl);
      const sealers = [await start({ DATABASE_URL: pooler.url }), await start({ DATABASE_URL: pooler.url })];
      await writeEntries(pooler.url, 20, 10, 'pooled');
      await until(async () => (await unsealed()) === 0);
      await sealers[0]?.end('SIGKILL');
      await writeEntries(pooler.url, 20, 10, 'pooled');
      await until(async () => (await unsealed()) === 0);
      expect(await count(`audit_logs WHERE request_id = 'pooled'`)).toBe(200);
      expect(await verify()).toMatchObject({ valid: true });
      await sealers[1]?.close();
      await pooler.stop();
    },
  );
});

/** Takes the database back: the last seals and their entries are gone, as after an old backup was put back. */
async function takeBack(seals: number): Promise<void> {
  const superuser = new Connection({ connectionString: database.superuserUrl });
  await superuser.connect();
  const disable = ['audit_logs', 'audit_seals', 'audit_cosignatures'].map(
    (table) => `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
  );
  const enable = disable.map((statement) => statement.replace('DISABLE', 'ENABLE'));
  await superuser.query(disable.join(';'));
  await superuser.query(`DELETE FROM audit_logs WHERE audit_leaf_index(txid, id) >= (SELECT tree_size FROM audit_seals ORDER BY seq DESC OFFSET ${seals} LIMIT 1)
    OR audit_leaf_index(txid, id) IS NULL`);
  await superuser.query(`DELETE FROM audit_cosignatures WHERE seq > (SELECT max(seq) - ${seals} FROM audit_seals);
    DELETE FROM audit_seals WHERE seq > (SELECT max(seq) - ${seals} FROM audit_seals)`);
  await superuser.query(enable.join(';'));
  await superuser.end();
}

/** A log of some seals, all of them published, and nobody who goes on with it. */
async function writeLog(config: Partial<Config> = {}): Promise<void> {
  const api = await startHere(config);
  for (const mark of ['one', 'two', 'three']) {
    await writeEntries(database.applicationUrl, 1, 5, mark);
    await until(async () => (await unsealed()) === 0);
  }
  await api.close();
}

describe('a database that was taken back', () => {
  it('is told by the published checkpoints: nothing is signed, and the service is not ready', async () => {
    await writeLog();
    await takeBack(2);
    const [before] = await database.query<{ seq: string }>('SELECT max(seq) AS seq FROM audit_seals');
    const api = await startHere();
    await until(async () => (await ready(api)).status === 503);
    expect((await ready(api)).ledger).toContain('ROLLBACK');
    await writeEntries(database.applicationUrl, 1, 5, 'later');
    await until(async () => (await unsealed()) >= 5);
    expect(await database.query('SELECT max(seq) AS seq FROM audit_seals')).toEqual([before]);
    await api.close();
  });

  it('is told by the witness where the published checkpoints were taken away, too', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const witness = await startWitness(privateKey);
    const witnessed = {
      WITNESS_URL: witness.url,
      WITNESS_KEY: encodeVerifierKey(verifierKey('witness.example', publicKey, signatureType.cosignature)),
    };
    await writeLog(witnessed);
    expect(await count('audit_cosignatures')).toBeGreaterThan(0);
    await takeBack(2);
    rmSync(join(folder, 'archive'), { recursive: true });
    const api = await startHere(witnessed);
    await until(async () => (await ready(api)).status === 503);
    expect((await ready(api)).ledger).toMatch(/ROLLBACK: the witness has seen \d+ entries/);
    await api.close();
    await witness.stop();
  });

  it('is not suspected while the store can not be asked; nothing is signed meanwhile', async () => {
    await writeLog();
    const [before] = await database.query<{ seq: string }>('SELECT max(seq) AS seq FROM audit_seals');
    const api = await start({
      ARCHIVE_URL: 's3://nowhere/ledger',
      S3_ENDPOINT: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
    });
    await until(() => api.output.some((line) => line.includes('The ledger has trouble')));
    expect((await ready(api)).status).toBe(200);
    expect(await database.query('SELECT max(seq) AS seq FROM audit_seals')).toEqual([before]);
    await api.close();
  });
});

describe('a witness', () => {
  it('signs what continues what it has seen; the proof of an entry carries its signature', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const witness = await startWitness(privateKey);
    const witnessKey = verifierKey('witness.example', publicKey, signatureType.cosignature);
    const api = await startHere({ WITNESS_URL: witness.url, WITNESS_KEY: encodeVerifierKey(witnessKey) });
    const admin = await api.as('admin');
    await writeEntries(database.applicationUrl, 1, 5, 'witnessed');
    await until(async () => (await unsealed()) === 0);
    const [entry] = await api.entries({ requestId: 'witnessed' });
    await until(async () => {
      const { headers, text: proof, status } = await admin.get(`/audit/logs/${entry?.id}/proof`);
      if (status !== 200 || !proof.includes('witness.example')) return false;
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
      const checked = checkProof(proof, { log: key.verifier, witnesses: [witnessKey] });
      expect(checked).toMatchObject({ isProved: true, cosignedBy: ['witness.example'] });
      expect(checked.entry?.toString()).toContain('witnessed');
      expect(checkProof(proof.replace(/^index .*$/m, 'index 0'), { log: key.verifier }).isProved).toBe(false);
      return true;
    });
    await api.close();
    await witness.stop();
  });
});

async function startWitness(privateKey: KeyObject): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const own = join(folder, 'witness');
  mkdirSync(own);
  const witness = new Witness({
    name: 'witness.example',
    privateKey,
    log: key.verifier,
    folder: own,
    clock: new Clock(),
  });
  const server: Server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const answer = await witness.addCheckpoint(body);
      response.writeHead(answer.status, { 'Content-Type': answer.mediaType }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  expect(readdirSync(own)).toEqual([]);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
