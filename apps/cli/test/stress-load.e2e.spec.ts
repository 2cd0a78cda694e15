import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { spawnApi, type Program } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { run, start } from '../../../test/support/cli';

/** Members, organizations with a contact, and employments; enough for two hundred users. */
const records = `
  INSERT INTO members (member_number, first_name, last_name, classification)
  SELECT 'L' || n, 'Rosa', 'Delgado', 'journeyman' FROM generate_series(1, 300) n;
  INSERT INTO organizations (name, org_type) SELECT 'Employer ' || n, 'employer' FROM generate_series(1, 20) n;
  INSERT INTO member_employments (member_id, organization_id, start_date, is_current)
  SELECT m.id, (SELECT min(id) FROM organizations), '2020-01-01', true FROM members m;`;

interface Report {
  seconds: number;
  isInterrupted: boolean;
  users: { office: number; members: number; public: number };
  rate: { offered: number; achieved: number };
  requests: { due: number; answered: number; limited: number; failed: number; unfinished: number };
  errors: Record<string, number>;
  latencyMs: { count: number; p50: number; p99: number; max: number };
  operations: Record<string, { count: number; p50: number; p99: number }>;
  consistency: { compared: number; stale: number };
  service?: Record<string, number>;
  generator: { cpuMicrosPerRequest: number; lateMsP99: number };
  ledger?: { lookedUp: number; unaudited: number; lost: number };
}

let database: TestDatabase;
let api: Program;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(records);
  folder = mkdtempSync(join(tmpdir(), 'ip2a-load-'));
  api = await spawnApi(database);
});
afterAll(async () => {
  await api.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

const load = (...options: string[]) => run(database, ['stress', 'load', ...options], { folder });
const reportOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Report;

describe('stress load', () => {
  it('lets two hundred users have what they ask for, ends by itself, and its figures add up', async () => {
    const options = ['--url', api.url, '--users', '200', '--duration', '5', '--rate', '16', '--check', '--json'];
    const { status, stdout, stderr } = await load(...options);
    expect({ status, stderr: status === 0 ? '' : stderr + stdout }).toEqual({ status: 0, stderr: '' });
    const report = reportOf({ stdout });
    const { requests, operations, latencyMs, rate, consistency, ledger, service } = report;
    expect(report.users).toEqual({ office: 2, members: 196, public: 2 });
    expect(requests).toMatchObject({ failed: 0, limited: 0, unfinished: 0 });
    expect(requests.answered).toBe(requests.due);
    expect(requests.due).toBeGreaterThan(60);
    expect(Object.values(operations).reduce((sum, { count }) => sum + count, 0)).toBe(latencyMs.count);
    expect(latencyMs.count).toBe(requests.answered);
    expect(rate.achieved).toBeGreaterThan(rate.offered / 2);
    expect(consistency.stale).toBe(0);
    expect(ledger).toEqual({ lookedUp: expect.any(Number), unaudited: 0, lost: 0 });
    expect(ledger!.lookedUp).toBeGreaterThan(requests.answered * 0.9);
    expect(service!['mostConnections']).toBeGreaterThanOrEqual(200);
    expect(service!['entriesPerSecond']).toBeGreaterThan(3);
    expect(report.generator.cpuMicrosPerRequest).toBeGreaterThan(0);
  });

  it('leaves what it was on record, and its accounts locked without a session', async () => {
    const accounts = await database.query<{ locked: boolean; sessions: number }>(
      `SELECT u.locked_until > now() AS locked, count(t.id) FILTER (WHERE t.revoked_at IS NULL)::integer AS sessions
       FROM users u LEFT JOIN refresh_tokens t ON t.user_id = u.id
       WHERE u.email LIKE '%@load.local.example' GROUP BY u.id`,
    );
    expect(accounts).toHaveLength(198);
    expect(accounts.filter(({ locked, sessions }) => !locked || sessions > 0)).toEqual([]);
    const [made] = await database.query<{ users: number; tokens: number }>(
      `SELECT count(*) FILTER (WHERE table_name = 'users')::integer AS users,
         count(*) FILTER (WHERE table_name = 'refresh_tokens')::integer AS tokens
       FROM audit_logs WHERE actor_email = 'system:stress:load' AND source = 'cli' AND action = 'CREATE'`,
    );
    expect(made).toEqual({ users: 198, tokens: 198 });
  });

  it('reports what was done when it is interrupted, and uses the accounts there are', async () => {
    const [last] = await database.query<{ id: string }>('SELECT max(id) AS id FROM audit_logs');
    const options = ['--url', api.url, '--users', '100', '--duration', '600', '--json'];
    const command = start(database, ['stress', 'load', ...options], { folder });
    await until(async () => {
      const [read] = await database.query<{ count: number }>(
        `SELECT count(*)::integer AS count FROM audit_logs WHERE user_agent = 'ip2a-stress-load' AND id > $1`,
        [last?.id],
      );
      return (read?.count ?? 0) > 30;
    });
    command.child.kill('SIGINT');
    expect(await command.gone()).toBe(0);
    const report = reportOf(command);
    expect(report).toMatchObject({ isInterrupted: true, requests: { failed: 0 } });
    expect(report.seconds).toBeLessThan(60);
    expect(report.requests.answered).toBeGreaterThan(10);
    const [accounts] = await database.query<{ count: number; open: number }>(
      `SELECT count(*)::integer AS count, count(*) FILTER (WHERE locked_until IS NULL)::integer AS open
       FROM users WHERE email LIKE '%@load.local.example'`,
    );
    expect(accounts).toEqual({ count: 198, open: 0 });
  });

  it('counts what waits behind a slow answer: the times begin when requests are due', async () => {
    const slow = await lateBy(500);
    try {
      const options = ['--url', slow.url, '--users', '3', '--duration', '2', '--rate', '10', '--json'];
      const report = reportOf(await load(...options, '--timeout', '60'));
      expect(report.requests).toMatchObject({ failed: 0, unfinished: 0 });
      // One member sends eight a second, of which two can be answered: half a second each, and the rest is the queue.
      expect(report.latencyMs.p99).toBeGreaterThan(2_000);
      expect(report.rate.achieved).toBeLessThan(5);
    } finally {
      slow.server.close();
      slow.server.closeAllConnections();
    }
  });

  it('fails, and says how, when answers do not come', async () => {
    const silent = await lateBy(5_000);
    try {
      const options = [
        '--url',
        silent.url,
        '--users',
        '3',
        '--duration',
        '2',
        '--rate',
        '10',
        '--timeout',
        '1',
        '--json',
      ];
      const { status, stdout } = await load(...options);
      const { requests, errors } = reportOf({ stdout });
      expect(status).toBe(1);
      expect(errors['timeout']).toBe(requests.failed);
      expect(requests.failed).toBeGreaterThan(0);
      expect(requests.answered + requests.failed + requests.unfinished).toBe(requests.due);
    } finally {
      silent.server.close();
      silent.server.closeAllConnections();
    }
  });

  it.each([
    [['--users', '0'], /whole number from 3/],
    [['--rate', 'fast'], /number above 0/],
    [['--url', 'http://192.0.2.1:3000'], /not this machine/],
    [['--url', 'ftp://127.0.0.1'], /no http address/],
    [['--url', 'http://127.0.0.1:1'], /Nothing of ours answers/],
    [['--users', '60000'], /open files|fewer --users/],
  ])('refuses %j with exit status 2 and one line', async (options, line) => {
    const { status, stderr, stdout } = await load(...(options.includes('--url') ? [] : ['--url', api.url]), ...options);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(line);
  });
});

/** Stands before the API and hands answers of the API's own routes on late, one connection at a time each. */
async function lateBy(ms: number): Promise<{ server: Server; url: string }> {
  const server = createServer((incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    const isLate = url.startsWith('/api/') && !url.startsWith('/api/v1/auth/me');
    const pass = () => {
      const onwards = request(new URL(url, api.url), { method, headers }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      });
      onwards.on('error', () => outgoing.destroy());
      incoming.pipe(onwards);
    };
    if (isLate) setTimeout(pass, ms);
    else pass();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
