import { acceptLedger, migrateLedger } from '#audit';
import { openRuntime, type Runtime } from '#platform/config';
import { ownsSchema } from '#platform/database';

/**
 * What is done once, however many processes will serve: settings, the embedded server and keys, migrations, warnings. A
 * role that does not own the schema migrates nothing.
 */
export async function prepare(): Promise<Runtime> {
  const runtime = await openRuntime('own');
  const { config, superuserUrl } = runtime;
  const urls = {
    ownerUrl: config.databaseOwnerUrl,
    applicationUrl: config.databaseUrl,
    archiverUrl: config.DATABASE_ARCHIVER_URL,
    superuserUrl,
  };
  const isOwner = await ownsSchema(urls.ownerUrl);
  const weaknesses = await (isOwner ? migrateLedger(urls) : acceptLedger(urls));
  if (isOwner && !config.rolesAreSeparate) {
    say('Warning: one database role owns and serves the ledger; set DATABASE_OWNER_URL to separate them.');
  }
  if (!isOwner && config.DATABASE_ARCHIVER_URL === undefined) {
    say(
      'Warning: nothing here may make the coming months of the ledger; set DATABASE_ARCHIVER_URL, or run "ip2a migrate" each month.',
    );
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
