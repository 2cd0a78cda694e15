import { randomUUID } from 'node:crypto';
import { Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { TrailService } from '#audit';
import { systemActor } from '#access';
import { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { openSite } from './archive-race';
import type { Cleanup } from './cleanup';
import { adminToken, startOurs } from './ours';
import { compare, type Result } from './report';
import { allSealed } from './sealing-race';
import type { Measurement } from './turns';

const entriesPerScale = 1_000_000;
const records = 1_000;
/** Entries that are inserted in one statement. */
const insertedAtATime = 250_000;
/** Days over which the entries are spread: those that stay in PostgreSQL. */
const days = 80;

/**
 * The trail of one record out of millions of entries, asked one after the other: by `GET /audit/logs` (ours), and the very statement that
 * it sends to PostgreSQL on a connection of its own (bare). Answers per second, and how long they take.
 */
export async function raceRecordTrails(
  scale: number,
  rounds: number,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<Result> {
  const { app, owner, folder, config } = await openSite(undefined, cleanup);
  const { databaseUrl, databaseOwnerUrl } = config;
  const ours = await startOurs({ folder, databaseUrl, databaseOwnerUrl, poolSize: 20 }, cleanup);
  await insertEntries(owner, scale * entriesPerScale, log);
  log('trail: waiting until all is sealed');
  await allSealed(owner);
  await owner.query('VACUUM (ANALYZE) audit_logs');
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  cleanup.defer(() => client.end());
  const statement = await statementOf(app.get(Database), app.get(TrailService));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cleanup.defer(async () => agent.destroy());
  const pairs: { ours: Measurement; bare: Measurement }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const token = await adminToken(ours.url);
    const bare = await measure(round, async (id) => {
      await client.query(statement.sql, statement.valuesOf(id));
    });
    const api = await measure(round, (id) =>
      fetched(`${ours.url}/api/v1/audit/logs?tableName=members&recordId=${id}&limit=50`, token, agent),
    );
    if (round > 0) pairs.push({ ours: api, bare });
    const [one, other] = [bare.latencyMs, api.latencyMs].map(
      ({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`,
    );
    log(`trail, round ${round} of ${rounds}: the statement ${one}, the API ${other}`);
  }
  return compare(pairs);
}

async function insertEntries(owner: Client, wanted: number, log: (line: string) => void): Promise<void> {
  await owner.query(
    `SELECT audit_make_month(m) FROM generate_series(0, 3) AS n, date_trunc('month', now() - n * interval '1 month') AS t, CAST(t AS timestamp) AS m
     WHERE to_regclass(to_char(m, '"audit_logs_"YYYY_MM')) IS NULL`,
  );
  for (let done = 0; done < wanted; done += insertedAtATime) {
    await owner.query(
      `INSERT INTO audit_logs (action, source, table_name, record_id, route, request_id, new_values, changed_at)
       SELECT CASE n % 3 WHEN 0 THEN 'UPDATE' ELSE 'READ' END, 'api', 'members', 1 + (n * 7919) % ${records}, 'members:read', 'bench-' || n,
         CASE n % 3 WHEN 0 THEN jsonb_build_object('phone', '555-' || n) END,
         now() - (n % ${days * 86_400}) * interval '1 second'
       FROM generate_series($1::bigint, $2::bigint) AS n`,
      [done + 1, Math.min(wanted, done + insertedAtATime)],
    );
    log(`trail: ${Math.min(wanted, done + insertedAtATime).toLocaleString('en')} entries inserted`);
  }
}

/** What the service asks PostgreSQL for a record's trail, taken down while it does so. */
async function statementOf(database: Database, trail: TrailService) {
  const asked: { sql: string; values: unknown[] }[] = [];
  const query = database.query.bind(database);
  database.query = (context, sql, values, timeoutMs) => {
    asked.push({ sql, values: values ?? [] });
    return query(context, sql, values, timeoutMs);
  };
  const actor = systemActor('audit:trail');
  const marker = 999_999;
  await trail.ofRecord(
    new RequestContext({ source: 'cli', requestId: randomUUID(), route: 'audit:trail', actor }),
    'members',
    marker,
    { limit: 50 },
  );
  const first = asked.find(({ values }) => values.includes(marker));
  if (!first) throw new Error('The trail was not asked for.');
  return { sql: first.sql, valuesOf: (id: number) => first.values.map((value) => (value === marker ? id : value)) };
}

async function measure(round: number, ask: (id: number) => Promise<void>): Promise<Measurement> {
  const times: number[] = [];
  const begun = performance.now();
  for (let question = 0; question < records; question += 1) {
    const sent = performance.now();
    await ask(1 + ((question * 389 + round) % records));
    times.push(performance.now() - sent);
  }
  const seconds = (performance.now() - begun) / 1_000;
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? NaN;
  return { rate: records / seconds, seconds, latencyMs: { p50: at(0.5), p99: at(0.99) } };
}

function fetched(url: string, token: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`It answered ${response.statusCode}: ${body}`));
      }, reject);
    });
    request.on('error', reject);
  });
}
