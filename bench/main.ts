import { constants } from 'node:os';
import { parseArguments, UsageError, type Options } from './arguments';
import { raceArchives, raceTrails } from './archive-race';
import { caseNames, type CaseName } from './calls';
import { Cleanup } from './cleanup';
import { compare, summarizeEntries, tableOf, type Result } from './report';
import { mustAnswerAlike } from './same-answers';
import { raceSealing } from './sealing-race';
import { raceSeeds } from './seed-race';
import { setUp, type Stage } from './stage';
import { raceRecordTrails } from './trail-race';
import { raceVerifications } from './verification-race';
import { Turns, type Measurement } from './turns';

/** The exit status of a command line that can not be understood. */
const usageStatus = 2;

const log = (line: string) => void process.stderr.write(`${line}\n`);

class Interrupted extends Error {
  constructor(readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`${signal}: stopping what was started …`);
  }
}

/** Runs every case that was asked for, and leaves nothing behind, however it ends. */
async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  const cleanup = new Cleanup();
  try {
    const results = await Promise.race([runCases(options, cleanup), interruption()]);
    process.stdout.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : `${tableOf(results)}\n`);
  } catch (error) {
    if (error instanceof Interrupted) log(error.message);
    throw error;
  } finally {
    await cleanup.run();
  }
}

async function runCases(
  { names, rounds, connections, seconds, scale }: Options,
  cleanup: Cleanup,
): Promise<Record<string, Result>> {
  const results: Record<string, Result> = {};
  // Before the servers are there, which would have a share of the machine.
  if (names.includes('seed')) results['seed'] = await raceSeeds(scale, rounds, cleanup, log);
  if (names.includes('verify')) results['verify'] = await raceVerifications(scale, rounds, cleanup, log);
  if (names.includes('archive')) results['archive'] = await raceArchives(scale, rounds, cleanup, log);
  if (names.includes('archive-trail')) results['archive-trail'] = await raceTrails(scale, rounds, cleanup, log);
  if (names.includes('trail')) results['trail'] = await raceRecordTrails(scale, rounds, cleanup, log);
  const calling = caseNames.filter((name) => names.includes(name));
  if (calling.length === 0 && !names.includes('sealing')) return results;
  const stage = await setUp(cleanup, log);
  const turns = new Turns(stage, { connections, seconds });
  for (const name of calling) {
    await mustAnswerAlike(name, stage);
    results[name] =
      name === 'entries' ? await countEntries(stage, turns, rounds) : await race(name, stage, turns, rounds);
  }
  if (names.includes('sealing')) results['sealing'] = await raceSealing(stage, turns, rounds, log);
  return results;
}

/** Both servers in turns, so that what else the machine does meets both; the first turn of each warms up and is discarded. */
async function race(name: CaseName, { ours, bare }: Stage, turns: Turns, rounds: number): Promise<Result> {
  const pairs: { ours: Measurement; bare: Measurement }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const pair = { bare: await turns.take(name, bare, round), ours: await turns.take(name, ours, round) };
    if (round > 0) pairs.push(pair);
    const ratio = (pair.ours.rate / pair.bare.rate).toFixed(3);
    const label = round > 0 ? `round ${round} of ${rounds}` : 'warm-up';
    log(
      `${name}, ${label}: bare ${Math.round(pair.bare.rate)}/s, ours ${Math.round(pair.ours.rate)}/s, ratio ${ratio}`,
    );
  }
  return compare(pairs);
}

/** How many entries of reads share a commit under the load of `read`. */
async function countEntries({ ours, owner }: Stage, turns: Turns, rounds: number): Promise<Result> {
  const windows: { entries: number; commits: number; seconds: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const { rows } = await owner.query<{ last: string }>('SELECT coalesce(max(id), 0) AS last FROM audit_logs');
    const { seconds } = await turns.take('entries', ours, round);
    const counted = await owner.query<{ entries: number; commits: number }>(
      `SELECT count(*)::integer AS entries, count(DISTINCT txid)::integer AS commits
       FROM audit_logs WHERE id > $1 AND action = 'READ'`,
      [rows[0]?.last],
    );
    const [{ entries, commits } = { entries: 0, commits: 0 }] = counted.rows;
    if (round > 0) windows.push({ entries, commits, seconds });
    log(`entries, ${round > 0 ? `round ${round} of ${rounds}` : 'warm-up'}: ${entries} entries in ${commits} commits`);
  }
  return summarizeEntries(windows);
}

function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => reject(new Interrupted(signal)));
    }
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof Interrupted) process.exit(128 + constants.signals[error.signal]);
    if (error instanceof UsageError) {
      log(`bench: ${error.message}`);
      process.exit(usageStatus);
    }
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  },
);
