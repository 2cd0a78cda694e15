import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { LoadAccountRow } from '#auth';
import type { Config } from '#platform/config';
import type { EvidenceReport, LoadReport } from '#stress';
import { liveOn } from '../load-live';
import { linesOf } from '../load-report';
import { UsageError } from '../usage-error';
import { withApp } from '../with-app';

interface Options {
  users: number;
  duration: number;
  ramp: number;
  rate?: number;
  seed: number;
  url?: string;
  metricsUrl?: string;
  timeout: number;
  check?: boolean;
  keepAccounts?: boolean;
  json?: boolean;
  yesReallyThisHost?: boolean;
}

/** Files that the process has open beside the connections of its users. */
const otherFiles = 100;

/** `ip2a stress load`: many connected users of a service that runs; exit 1 where it failed them, or the ledger lacks something. */
export function stressLoad(): Command {
  return new Command('load')
    .description('send a service what many connected users send; its records are changed')
    .option('--users <number>', 'connected users, each with a connection of their own', between(3, 60_000), 200)
    .option('--duration <seconds>', 'how long requests are due', between(1, 86_400), 30)
    .option('--ramp <seconds>', 'in how many of them the rate rises from nothing', between(0, 86_400), 0)
    .option('--rate <number>', 'requests that are due in a second (default: a tenth of the users)', rateOf)
    .option('--seed <number>', 'the same seed makes the same arrivals', between(0, 999_999_999), 42)
    .option('--url <address>', 'the service (default: http://127.0.0.1:PORT)')
    .option('--metrics-url <address>', 'its measurements (default: /metrics of the service)')
    .option('--timeout <seconds>', 'a request not answered by then has failed', between(1, 300), 10)
    .option('--check', 'look every answered request up in the ledger')
    .option('--keep-accounts', 'leave the load accounts open at the end')
    .option('--json', 'print one JSON document')
    .option('--yes-really-this-host', 'allow an address other than loopback')
    .action(async (options: Options) => {
      mustHaveFilesFor(options.users);
      const given = options.url === undefined ? undefined : originOf(options.url, options);
      if (given !== undefined) await mustAnswer(given);
      const { LoadAccountsService } = await import('#auth');
      const { CONFIG } = await import('#platform/config');
      const { Database } = await import('#platform/database');
      await withApp('stress:load', async ({ app, context, print }) => {
        const origin = given ?? originAt(app.get<Config>(CONFIG).PORT);
        if (given === undefined) await mustAnswer(origin);
        const accounts = app.get(LoadAccountsService);
        const database = app.get(Database);
        const live = liveOn(process.stderr);
        const stopped = new AbortController();
        const stop = () => stopped.abort();
        process.once('SIGINT', stop);
        process.once('SIGTERM', stop);
        try {
          // The load generator and its HTTP client are of use to this command only.
          const { crowdsOf, idsOfRecords, runLoad } = await import('#stress');
          const ids = await idsOfRecords(database);
          for (const [kind, found] of Object.entries(ids)) {
            if (found.length === 0)
              throw new UsageError(`There are no ${kind}: run "stress seed" on an empty database first.`);
          }
          const { users, rate = Math.max(1, users / 10), seed, duration } = options;
          const crowds = crowdsOf(users);
          const password = randomBytes(18).toString('base64url');
          live.say(`Opening ${crowds.office + crowds.members} load accounts …`);
          const opened = await accounts.open(context, { ...crowds, password });
          const withToken = (row: LoadAccountRow) => ({ email: row.email, token: () => accounts.token(row) });
          await mustKnow(origin, await accounts.token(opened.office[0] as LoadAccountRow));
          const { report, evidence } = await runLoad({
            ...{ origin, password, ids, rate, seed, visitors: crowds.public },
            metricsUrl: options.metricsUrl ?? `${origin}/metrics`,
            accounts: { office: opened.office.map(withToken), members: opened.members.map(withToken) },
            durationSeconds: duration,
            rampSeconds: options.ramp,
            patienceMs: options.timeout * 1000,
            run: randomBytes(4).toString('hex'),
            signal: stopped.signal,
            onConnecting: (done, of) => live.update(`connected ${done} of ${of}`),
            onSecond: live.state,
          });
          if (options.check) live.say(`Looking ${report.requests.answered} answers up in the ledger …`);
          const ledger = options.check ? await evidence.lookUp(database) : undefined;
          live.end();
          await print(options.json ? `${JSON.stringify({ ...report, ledger })}\n` : linesOf(report, ledger).join(''));
          if (hasFaults(report, ledger)) process.exitCode = 1;
        } finally {
          live.end();
          if (!options.keepAccounts) await accounts.lock(context);
          process.off('SIGINT', stop);
          process.off('SIGTERM', stop);
        }
      });
    });
}

function hasFaults({ requests, consistency }: LoadReport, ledger?: EvidenceReport): boolean {
  return requests.failed + consistency.stale + (ledger ? ledger.unaudited + ledger.lost : 0) > 0;
}

function originAt(port: number): string {
  if (port === 0) throw new UsageError('PORT is 0, so nobody knows where the service is: say --url.');
  return `http://127.0.0.1:${port}`;
}

function originOf(given: string, { yesReallyThisHost }: Options): string {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new UsageError(`--url: ${given} is no http address.`);
  const { origin, hostname } = new URL(given);
  const isLoopback = /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname);
  if (!isLoopback && !yesReallyThisHost) {
    throw new UsageError(
      `${hostname} is not this machine; a load may stop a service for everybody. --yes-really-this-host sends it there.`,
    );
  }
  return origin;
}

async function mustAnswer(origin: string): Promise<void> {
  const status = await fetch(`${origin}/health/live`).then(
    (reply) => reply.status,
    () => 0,
  );
  if (status !== 200) throw new UsageError(`Nothing of ours answers at ${origin}: start the service, or say --url.`);
}

/** A service on another database, or with another key, knows none of these accounts. */
async function mustKnow(origin: string, token: string): Promise<void> {
  const { status } = await fetch(`${origin}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } });
  if (status !== 200) {
    throw new UsageError(
      `The service at ${origin} does not know this database's accounts: give this command the service's settings.`,
    );
  }
}

/** Node raises the limit to the hard one by itself. Elsewhere than on Linux nobody says what it is. */
function mustHaveFilesFor(users: number): void {
  let limit = Infinity;
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft !== undefined) limit = Number(soft);
  } catch {
    return;
  }
  const needed = users + otherFiles;
  if (needed > limit) {
    throw new UsageError(
      `${users} connections need ${needed} open files, and ${limit} are allowed: "ulimit -n ${needed}" before this command, and before the service (LimitNOFILE= in systemd).`,
    );
  }
}

function between(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (!(rate > 0 && rate <= 100_000))
    throw new InvalidArgumentError('It must be a number above 0, and 100000 at most.');
  return rate;
}
