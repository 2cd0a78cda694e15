import { migrateLedger } from '#audit';
import { openRuntime, type Runtime } from '#platform/config';

/** What is done once, however many processes will serve: settings, the embedded server and keys, migrations, warnings. */
export async function prepare(): Promise<Runtime> {
  const runtime = await openRuntime('own');
  const { config } = runtime;
  const weaknesses = await migrateLedger({
    ownerUrl: config.databaseOwnerUrl,
    applicationUrl: config.databaseUrl,
    archiverUrl: config.DATABASE_ARCHIVER_URL,
  });
  if (!config.rolesAreSeparate) {
    say('Warning: one database role owns and serves the ledger; set DATABASE_OWNER_URL to separate them.');
  }
  for (const weakness of weaknesses) say(`Warning: the ledger is weaker than promised: ${weakness}.`);
  return runtime;
}

/** Prints where the program listens and how to log in. */
export function announce(url: string, accounts: readonly string[]): void {
  process.stdout.write(`IP2A listens on ${url} — Swagger UI at ${url}/docs\n`);
  for (const line of accounts) process.stdout.write(`${line}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
