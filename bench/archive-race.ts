import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { NestFactory } from '@nestjs/core';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { AppModule, entities } from '#app';
import { systemActor } from '#access';
import { ArchiverService } from '#archival';
import { TrailService } from '#audit';
import { openRuntime } from '#platform/config';
import { RequestContext } from '#platform/context';
import { Database, migrate } from '#platform/database';
import { seedStress } from '#stress';
import type { Cleanup } from './cleanup';
import { compareRates, type Result } from './report';

/** Months over which a record's trail is asked for: those before they become cold. */
const trailMonths = 36;
const trailQuestions = 100;

const context = (route: string) =>
  new RequestContext({ source: 'cli', requestId: randomUUID(), route, actor: systemActor(route) });

/** The first day of a month so many months ago. */
function monthsAgo(months: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1));
}

/** A site, with the entries of the stress data set if they are wanted, and its modules. */
export async function openSite(scale: number | undefined, cleanup: Cleanup) {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-bench-archive-'));
  cleanup.defer(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const runtime = await openRuntime('own', { env: { DATA_DIR: folder, ARCHIVE_CRON: 'off' } });
  cleanup.defer(() => runtime.stop());
  const { config } = runtime;
  const { databaseOwnerUrl: ownerUrl } = config;
  await migrate({ ownerUrl, applicationUrl: config.databaseUrl });
  const database = await Database.connect(config, entities);
  if (scale !== undefined) await seedStress(context('stress:seed'), database, ownerUrl, { seed: 42, scale });
  const app = await NestFactory.createApplicationContext(AppModule.with(config, database), { logger: false });
  cleanup.defer(() => app.close());
  const owner = new Client({ connectionString: ownerUrl });
  await owner.connect();
  cleanup.defer(() => owner.end());
  return { app, owner, folder, config };
}

/** Gives the seeded entries of this month another time: so many months ago, or each its own of several months. */
async function backdate(owner: Client, months: number[], share = months.length): Promise<number> {
  const columns = `action, table_name, record_id, new_values, changed_by, actor_email, actor_roles, source, request_id, route`;
  let copied = 0;
  for (const [index, ago] of months.entries()) {
    const first = monthsAgo(ago).toISOString();
    await owner.query(`SELECT audit_make_month($1::timestamp)`, [first.slice(0, 10)]);
    const { rowCount } = await owner.query(
      `INSERT INTO audit_logs (${columns}, changed_at)
       SELECT ${columns}, $1::timestamptz + (id % 2400000) * interval '1 second' FROM audit_logs
       WHERE route = 'stress:seed' AND changed_at > now() - interval '1 day' AND id % $2 = $3`,
      [first, share, share === 1 ? 0 : index % share],
    );
    copied += rowCount ?? 0;
  }
  return copied;
}

/**
 * A month of the stress data set's entries archived (ours: exported, compared, stored, read back, compared, dropped) beside COPY of the same rows in the
 * same order through zstd (bare): entries per second.
 */
export async function raceArchives(
  scale: number,
  rounds: number,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<Result> {
  const { app, owner, folder } = await openSite(scale, cleanup);
  const pairs: { ours: number; bare: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const ago = 30 - round;
    const entries = await backdate(owner, [ago], 1);
    const bare = await copyThroughZstd(owner, ago, join(folder, 'bare.zst'));
    // Sealing is not what is measured: a dry run's worth of catching up.
    await app.get(ArchiverService).run(context('archive:run'), { asOf: new Date('2000-01-01') });
    const begun = performance.now();
    const { months } = await app.get(ArchiverService).run(context('archive:run'), { asOf: dueDay(ago) });
    const seconds = (performance.now() - begun) / 1_000;
    const objects = months.flatMap((month) => month.objects);
    if (months.some(({ action }) => action !== 'archive')) throw new Error(JSON.stringify(months));
    const pair = { ours: entries / seconds, bare: entries / bare };
    const bytes = objects.reduce((sum, object) => sum + object.bytes, 0) / entries;
    if (round > 0) pairs.push(pair);
    const label = round > 0 ? `round ${round} of ${rounds}` : 'warm-up';
    log(
      `archive, ${label}: ${entries} entries, ${bytes.toFixed(1)} bytes each; bare ${Math.round(pair.bare)}/s, ours ${Math.round(pair.ours)}/s, ratio ${(pair.ours / pair.bare).toFixed(3)}`,
    );
  }
  return compareRates(pairs);
}

/** The day on which a month that began so many months ago has come to leave. */
function dueDay(ago: number): Date {
  return new Date(monthsAgo(ago - 1).getTime() + 90 * 86_400_000);
}

async function copyThroughZstd(owner: Client, ago: number, file: string): Promise<number> {
  const begun = performance.now();
  const zstd = spawn('zstd', ['-q', '-c', '-3'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [from, to] = [monthsAgo(ago), monthsAgo(ago - 1)].map((day) => day.toISOString());
  const copy = owner.query(
    copyTo(
      `COPY (SELECT * FROM audit_logs WHERE changed_at >= '${from}' AND changed_at < '${to}' ORDER BY table_name, record_id, changed_at) TO STDOUT`,
    ),
  );
  await Promise.all([pipeline(copy, zstd.stdin), pipeline(zstd.stdout, createWriteStream(file))]);
  return (performance.now() - begun) / 1_000;
}

/** A record's trail over 36 months, of which the entries are in objects (ours) and were in PostgreSQL before (bare): answers per second. */
export async function raceTrails(
  scale: number,
  rounds: number,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<Result> {
  const { app, owner } = await openSite(scale, cleanup);
  const months = Array.from({ length: trailMonths }, (_, index) => trailMonths + 4 - index);
  const entries = await backdate(owner, months);
  await owner.query('ANALYZE audit_logs');
  const ask = async (round: number) => {
    const trail = app.get(TrailService);
    const begun = performance.now();
    for (let question = 0; question < trailQuestions; question += 1) {
      const id = 1 + ((round * 7_919 + question * 104_729) % 10_000);
      await trail.ofRecord(context('audit:trail'), 'members', id, { limit: 50 });
    }
    return trailQuestions / ((performance.now() - begun) / 1_000);
  };
  const bare: number[] = [];
  for (let round = 0; round <= rounds; round += 1) bare.push(await ask(round));
  const { months: archived } = await app.get(ArchiverService).run(context('archive:run'), { asOf: dueDay(5) });
  const objects = archived.flatMap((month) => month.objects).length;
  log(`archive-trail: ${entries} entries of ${archived.length} months in ${objects} objects`);
  const pairs: { ours: number; bare: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const pair = { ours: await ask(round), bare: bare[round] ?? 0 };
    if (round > 0) pairs.push(pair);
    log(`archive-trail, round ${round}: in PostgreSQL ${pair.bare.toFixed(1)}/s, in objects ${pair.ours.toFixed(1)}/s`);
  }
  return compareRates(pairs);
}
