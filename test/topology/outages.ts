import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { EvidenceReport, LoadReport } from '#stress';
import { Person } from './office';
import type { Service } from './service';
import { missingPrograms, Topology } from './topology';

const usage = `npm run topology:outages -- [--users 2000] [--rate 300] [--workers 2] [--only NAME]
Starts the topology with the stress data set, and sends it a load of 35 s for each of its parts: after 12 s the part is killed, or hangs, and it comes back 5 s later.
Prints what became of the requests, and the longest time in which somebody who asks again and again was not answered.`;

const [loadSeconds, beforeMs, awayMs] = [35, 12_000, 5_000];
/** When the load tells for the first time how it stands. */
const firstProgressMs = 10_000;
const command = resolve(__dirname, '../../bin/ip2a.mjs');

interface Outage {
  name: string;
  begin: () => Promise<void> | void;
  /** What an operator, or whatever watches the part, does; nothing where the topology sees to it itself. */
  end?: () => Promise<void> | void;
}

function outagesOf(topology: Topology): Outage[] {
  const { api, pgbouncer, redis, replicas, primary, s3, prometheus } = topology;
  const [replica, late] = replicas;
  const killed = (name: string, part: Service) => ({
    name: `${name} killed`,
    begin: () => part.kill(),
    end: () => part.start(),
  });
  const hung = (name: string, part: Service) => ({
    name: `${name} hangs`,
    begin: () => part.pause(),
    end: () => part.resume(),
  });
  return [
    { name: 'nothing', begin: () => undefined },
    { name: 'a worker killed', begin: () => void process.kill(api.workers[0] ?? 0, 'SIGKILL') },
    { name: 'every worker replaced', begin: () => api.roll() },
    killed('PgBouncer', pgbouncer),
    hung('PgBouncer', pgbouncer),
    killed('Redis', redis),
    hung('Redis', redis),
    killed('a replica', replica),
    hung('a replica', replica),
    {
      name: 'a replica 10 s late',
      begin: () => late.set('recovery_min_apply_delay', '10s'),
      end: () => late.set('recovery_min_apply_delay', '0'),
    },
    killed('the primary', primary),
    hung('the primary', primary),
    hung('S3', s3),
    killed('Prometheus', prometheus),
  ];
}

interface Reported extends LoadReport {
  ledger?: EvidenceReport;
}

class Outages {
  private constructor(
    private readonly topology: Topology,
    private readonly settings: NodeJS.ProcessEnv,
    private readonly probe: Person,
    private readonly load: readonly string[],
  ) {}

  static async begin(topology: Topology, settings: NodeJS.ProcessEnv, load: readonly string[]): Promise<Outages> {
    const probe = await new Person(topology.url, '127.0.0.2').logIn('admin@local.example', topology.adminPassword);
    return new Outages(topology, settings, probe, load);
  }

  async seed(): Promise<void> {
    await this.run(['stress', 'seed']);
    const isSealed = async () => {
      const [row] = await this.topology.primary.query<{ isSealed: boolean }>(
        `SELECT (SELECT max(tree_size) FROM audit_seals) > 500000 AS "isSealed"`,
      );
      return row?.isSealed === true;
    };
    while (!(await isSealed())) await sleep(500);
  }

  /** What the load reports, and the longest time without an answer for one who asks ten times a second, in ms. */
  async during({ begin, end }: Outage): Promise<{ report: Reported; longestMs: number }> {
    const { topology } = this;
    const urls = ['--url', topology.url, '--metrics-url', `http://127.0.0.1:${topology.api.port}/metrics`];
    const flags = ['--duration', String(loadSeconds), '--keep-accounts', '--check', '--json', ...urls];
    let begun: (() => void) | undefined;
    const isUnderWay = new Promise<void>((done) => (begun = done));
    const loaded = this.run(['stress', 'load', ...flags, ...this.load], (line) => {
      if (/ of \d+ s: /.test(line)) begun?.();
    });
    await Promise.race([isUnderWay, loaded]);
    const watch = { isOver: false };
    const watched = this.longestWithoutAnswer(watch);
    await sleep(beforeMs - firstProgressMs);
    await begin();
    if (end) await sleep(awayMs);
    await end?.();
    const report = JSON.parse(await loaded) as Reported;
    watch.isOver = true;
    return { report, longestMs: await watched };
  }

  private async longestWithoutAnswer(watch: { isOver: boolean }): Promise<number> {
    let [longest, answeredAt] = [0, performance.now()];
    while (!watch.isOver) {
      const reply = await this.probe.get('/members/1').catch(() => undefined);
      const now = performance.now();
      if (reply?.status === 200) {
        longest = Math.max(longest, now - answeredAt);
        answeredAt = now;
      }
      await sleep(100);
    }
    return Math.max(longest, performance.now() - answeredAt);
  }

  /** Runs one of the program's commands; answers its output. A load that the service failed in part ends with 1. */
  private async run(args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<string> {
    const child = spawn(process.execPath, [command, ...args], { env: { ...process.env, ...this.settings } });
    let [output, said] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      for (const line of chunk.toString().split('\n')) onLine(line);
    });
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')} ended with ${status}:\n${said.slice(-2_000)}`);
    return output;
  }
}

function rowOf(name: string, { report, longestMs }: { report: Reported; longestMs: number }): string {
  const { requests, errors, latencyMs, consistency, ledger } = report;
  const refused = errors['status 503'] ?? 0;
  const others = Object.entries(errors).filter(([kind]) => kind !== 'status 503');
  const cells = [
    name,
    ...[requests.due, requests.answered, refused],
    others.map(([kind, count]) => `${count} ${kind}`).join(', ') || '0',
    ...[latencyMs.p50, latencyMs.p95].map(Math.round),
    ...[consistency.stale, ledger?.unaudited, ledger?.lost],
    (longestMs / 1000).toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      users: { type: 'string', default: '2000' },
      rate: { type: 'string', default: '300' },
      workers: { type: 'string', default: '2' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage);
    return;
  }
  const missing = missingPrograms();
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-outages-'));
  const settings = { RATE_LIMIT_PUBLIC: '1000000', RATE_LIMIT_STAFF: '1000000', DATABASE_POOL_SIZE: '10' };
  const topology = await Topology.start({ folder, workers: Number(values.workers), settings });
  process.once('SIGINT', () => void topology.stop().then(() => process.exit(130)));
  try {
    const outages = await Outages.begin(topology, topology.settings, ['--users', values.users, '--rate', values.rate]);
    process.stderr.write('Seeding …\n');
    await outages.seed();
    say(
      '| part | due | answered | 503 | other failures | p50 ms | p95 ms | stale | unaudited | lost | longest without an answer, s |',
    );
    say('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
    for (const outage of outagesOf(topology)) {
      if (values.only && !outage.name.includes(values.only)) continue;
      say(rowOf(outage.name, await outages.during(outage)));
    }
  } finally {
    await topology.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
});
