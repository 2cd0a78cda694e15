import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { isAlive } from '../support/processes';
import { until } from '../support/load';
import { Clerks, Person, type Answer } from './office';
import { missingPrograms, Topology } from './topology';

const missing = missingPrograms();
const describeWhole = missing.length === 0 ? describe : describe.skip;
const patienceMs = 240_000;
const unlimited = { RATE_LIMIT_STAFF: '100000000', RATE_LIMIT_MEMBER: '100000000', RATE_LIMIT_PUBLIC: '100000000' };
jest.setTimeout(600_000);

describeWhole(`the whole topology${missing.length > 0 ? ` (not installed: ${missing.join(', ')})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-topology-'));
  let topology: Topology;
  /** Comes from an address that is no proxy's. */
  let admin: Person;
  let members: number[];

  beforeAll(async () => {
    topology = await Topology.start({ folder, workers: 2, settings: unlimited });
    admin = await new Person(topology.url, '127.0.0.2').logIn('admin@local.example', topology.adminPassword);
    members = [];
    for (let number = 1; number <= 4; number += 1) {
      const member = {
        memberNumber: `900000${number}`,
        firstName: 'Wanda',
        lastName: `Worker ${number}`,
        classification: 'apprentice_1',
      };
      const made = await admin.send('POST', '/members', member);
      expect([made.status, made.json['type']]).toEqual([201, undefined]);
      members.push(Number(made.json['id']));
    }
  });
  afterAll(async () => {
    await topology.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const entriesOf = (answer: Answer) =>
    topology.primary.query<{ action: string; address: string; record: string }>(
      `SELECT action, host(ip_address) AS address, record_id::text AS record FROM audit_logs WHERE request_id = $1`,
      [answer.requestId],
    );
  const metricOf = async (name: string) => {
    const page = await (await fetch(`http://127.0.0.1:${topology.api.port}/metrics`)).text();
    const [, value] = new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(page) ?? [];
    return Number(value);
  };
  const member = (index: number) => `/members/${members[index]}`;
  const isServed = async () => (await admin.get(member(0)).catch(() => undefined))?.status === 200;

  /** Clerks work while something happens; afterwards the service is back, nothing wrong was read, and nothing acknowledged is lost. */
  async function survives(happens: (clerks: Clerks) => Promise<void>): Promise<Clerks> {
    const clerks = new Clerks(admin.at(topology.url), members);
    try {
      await until(() => clerks.reads.length > 3 * members.length, patienceMs);
      await happens(clerks);
      await until(isServed, patienceMs);
      const served = clerks.reads.filter(({ answer }) => answer?.status === 200).length;
      const isBack = () =>
        clerks.reads.filter(({ answer }) => answer?.status === 200).length > served + 2 * members.length;
      await until(isBack, patienceMs);
    } finally {
      await clerks.end();
    }
    expect(clerks.wrong).toEqual([]);
    for (const index of members.keys()) {
      const { json } = await admin.get(member(index));
      expect(clerks.possible(index)).toContain(json['phone']);
    }
    const statuses = clerks.failed.map(({ answer }) => answer?.status).filter((status) => status !== undefined);
    expect([...new Set(statuses)].filter((status) => status !== 503)).toEqual([]);
    await expectOnRecord(clerks);
    return clerks;
  }

  /** The ledger goes on, too. */
  async function allSealed(): Promise<void> {
    const [last] = await topology.primary.query<{ txid: string; id: string }>(
      'SELECT txid::text AS txid, id::text AS id FROM audit_logs ORDER BY audit_logs.txid DESC, audit_logs.id DESC LIMIT 1',
    );
    const isSealed = async () => {
      const sql = `SELECT FROM audit_seals WHERE (last_txid, last_id) >= ($1::text::xid8, $2::bigint) LIMIT 1`;
      return (await topology.primary.query(sql, [last?.txid, last?.id])).length > 0;
    };
    await until(isSealed, patienceMs);
  }

  async function expectOnRecord(clerks: Clerks): Promise<void> {
    const acknowledged = [...clerks.updates, ...clerks.reads].filter(({ answer }) => answer?.status === 200);
    const ids = acknowledged.map(({ answer }) => answer?.requestId);
    const rows = await topology.primary.query<{ id: string }>(
      `SELECT DISTINCT request_id AS id FROM audit_logs WHERE request_id = ANY($1)`,
      [ids],
    );
    expect(rows).toHaveLength(ids.length);
  }

  it('puts a read through nginx on record with the address of the client, whatever the client says of it', async () => {
    const answer = await admin.get(member(0), { 'X-Forwarded-For': '203.0.113.9' });
    expect(answer.status).toBe(200);
    expect(await entriesOf(answer)).toEqual([{ action: 'READ', address: '127.0.0.2', record: String(members[0]) }]);
  });

  it('says each security header once, and that the API speaks', async () => {
    const { headers } = await fetch(`${topology.url}/health/live`);
    expect([headers.get('x-content-type-options'), headers.get('cache-control')]).toEqual(['nosniff', 'no-store']);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
  });

  it('shows on every worker what was written on another', async () => {
    const direct = `http://127.0.0.1:${topology.api.port}`;
    for (let round = 0; round < 10; round += 1) {
      // Connections of their own, which the workers share out among them.
      const phone = `555-77${String(round).padStart(2, '0')}`;
      const headers = { 'Content-Type': 'application/merge-patch+json' };
      expect((await admin.send('PATCH', member(0), { phone }, headers)).status).toBe(200);
      const readers = Array.from({ length: 4 }, () => admin.at(direct, false).get(member(0)));
      expect((await Promise.all(readers)).map(({ json }) => json['phone'])).toEqual(Array(4).fill(phone));
    }
  });

  it('marks what a user has changed in Redis, so that no change costs the others a replica', async () => {
    const before = await metricOf('ip2a_write_marks_failed_total');
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    expect((await admin.send('PATCH', member(0), { phone: '555-7799' }, headers)).status).toBe(200);
    expect(await metricOf('ip2a_write_marks_failed_total')).toBe(before);
  });

  it('opens at most 25 connections of the application to the primary, for 500 requests at once', async () => {
    const asked = Array.from({ length: 500 }, () =>
      admin
        .at(topology.url, false)
        .get(member(1))
        .catch(() => undefined),
    );
    let most = 0;
    const watch = { isOver: false };
    const watched = (async () => {
      while (!watch.isOver) {
        const [row] = await topology.primary.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'ip2a_app'`,
        );
        most = Math.max(most, row?.count ?? 0);
      }
    })();
    const answers = await Promise.all(asked);
    watch.isOver = true;
    await watched;
    // On a machine that can not serve them in time some are refused, and none is left without an answer.
    expect(answers.filter((answer) => answer?.status !== 200 && answer?.status !== 503)).toEqual([]);
    expect(answers.filter((answer) => answer?.status === 200).length).toBeGreaterThan(20);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(25);
    await until(isServed, patienceMs);
  });

  it('shows no measurements to the public', async () => {
    expect((await fetch(`${topology.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${topology.url}/health/live`)).status).toBe(200);
  });

  it('goes on when a worker is killed', async () => {
    const before = topology.api.workers;
    await survives(async () => {
      process.kill(before[0]!, 'SIGKILL');
      await until(() => topology.api.workers.length === 2 && !topology.api.workers.includes(before[0]!), patienceMs);
    });
  });

  it('replaces every worker without a request that is refused', async () => {
    const before = topology.api.workers;
    const clerks = await survives(async () => {
      topology.api.roll();
      await until(() => before.every((pid) => !isAlive(pid)), patienceMs);
    });
    expect(clerks.failed.map(({ answer, error }) => answer?.json ?? error)).toEqual([]);
  });

  it('goes on when PgBouncer is restarted', async () => {
    await survives(() => topology.pgbouncer.restart());
  });

  it('goes on without Redis, paused and killed', async () => {
    await survives(async () => {
      topology.redis.pause();
      await until(isServed, patienceMs);
      topology.redis.resume();
      await topology.redis.kill();
      await until(isServed, patienceMs);
      await topology.redis.start();
    });
  });

  it('goes on when a replica is killed, which then catches up', async () => {
    const [replica] = topology.replicas;
    await survives(async () => {
      await replica.kill();
      await until(isServed, patienceMs);
      await replica.start();
    });
    const [primary] = await topology.primary.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
    const isCaughtUp = async () => {
      const sql = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS has';
      return (await replica.query<{ has: boolean }>(sql, [primary?.lsn]))[0]?.has === true;
    };
    await until(isCaughtUp, patienceMs);
  });

  it('loses nothing that it acknowledged when the primary crashes, and serves again when it is back', async () => {
    await survives(async () => {
      await topology.primary.kill();
      const answer = await admin.get(member(0)).catch(() => undefined);
      expect(answer?.status).toBe(503);
      await topology.primary.start();
    });
  });

  it.each(['replica', 's3'] as const)('serves while a part hangs that it can do without: %s', async (name) => {
    const part = name === 's3' ? topology.s3 : topology.replicas[0];
    const clerks = await survives(async (atWork) => {
      try {
        part.pause();
        const before = atWork.reads.length;
        await until(() => atWork.reads.length > before + 10 * members.length, patienceMs);
        await until(isServed, patienceMs);
      } finally {
        part.resume();
      }
    });
    const served = clerks.reads.filter(({ answer }) => answer?.status === 200);
    expect(served.length).toBeGreaterThan(0.9 * clerks.reads.length);
    await allSealed();
  });

  it.each(['pgbouncer', 'primary'] as const)(
    'refuses while what it needs hangs, and is back by itself: %s',
    async (name) => {
      await survives(async () => {
        try {
          topology[name].pause();
          const answer = await admin.get(member(0)).catch(() => undefined);
          expect(answer?.status).toBe(503);
        } finally {
          topology[name].resume();
        }
      });
      await allSealed();
    },
  );

  it('shows who writes what they wrote while a replica is 10 s late', async () => {
    const [, late] = topology.replicas;
    const clerks = await survives(async (atWork) => {
      await late.set('recovery_min_apply_delay', '10s');
      const before = atWork.reads.length;
      await until(() => atWork.reads.length > before + 30 * members.length, patienceMs);
    });
    await late.set('recovery_min_apply_delay', '0');
    expect(clerks.failed.map(({ answer, error }) => answer?.json ?? error)).toEqual([]);
  });

  it('does not need Prometheus', async () => {
    const clerks = await survives(async (atWork) => {
      await topology.prometheus.kill();
      const before = atWork.reads.length;
      await until(() => atWork.reads.length > before + 5 * members.length, patienceMs);
      await topology.prometheus.start();
    });
    expect(clerks.failed.map(({ answer, error }) => answer?.json ?? error)).toEqual([]);
  });

  it('is watched: Prometheus reaches every target and has its rules', async () => {
    const api = `http://127.0.0.1:${topology.prometheus.port}/api/v1`;
    const targets = async () => {
      const { data } = (await (await fetch(`${api}/targets?state=active`)).json()) as {
        data: { activeTargets: { health: string; labels: { job: string } }[] };
      };
      return data.activeTargets.map(({ labels, health }) => `${labels.job} ${health}`).sort();
    };
    const wanted = ['ip2a up', 'monitoring up', 'monitoring up'];
    await until(async () => JSON.stringify(await targets()) === JSON.stringify(wanted), patienceMs);
    const { data } = (await (await fetch(`${api}/rules`)).json()) as {
      data: { groups: { rules: { health: string }[] }[] };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ health }) => health === 'err')).toEqual([]);
    const told = (await (await fetch(`${api}/alertmanagers`)).json()) as { data: { activeAlertmanagers: unknown[] } };
    expect(told.data.activeAlertmanagers).toHaveLength(1);
  });

  it('compiles no statement: that takes longer than running it', async () => {
    const [row] = await topology.primary.query<{ settings: string[] }>(
      `SELECT setconfig AS settings FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = 'ip2a'`,
    );
    expect(row?.settings).toContain('jit=off');
    for (const server of [topology.primary, ...topology.replicas]) {
      expect(await server.query('SHOW jit')).toEqual([{ jit: 'off' }]);
    }
  });

  it('lets PgBouncer say what it was told', async () => {
    const client = new Client({ connectionString: topology.pgbouncerAdminUrl });
    await client.connect();
    const { rows } = (await client.query('SHOW CONFIG')) as { rows: { key: string; value: string }[] };
    await client.end();
    const told = new Map(rows.map(({ key, value }) => [key, value]));
    expect([told.get('pool_mode'), told.get('max_client_conn'), told.get('max_db_connections')]).toEqual([
      'transaction',
      '10000',
      '25',
    ]);
  });

  it('goes on with a replica that was promoted: nobody but PgBouncer is told', async () => {
    const [replica] = topology.replicas;
    // A planned change: what the primary has written last is sent before it ends.
    await topology.primary.stop();
    await topology.promote(replica);
    await until(isServed, patienceMs);
    await survives(async (clerks) => {
      const before = clerks.reads.length;
      await until(() => clerks.reads.length > before + 5 * members.length, patienceMs);
    });
    await allSealed();
  });
});
