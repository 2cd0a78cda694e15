import { migrateLedger } from '#audit';
import { ConfigError, openRuntime } from '#platform/config';
import { createApp } from './create-app';
import { firstBoot } from './first-boot';

/** Open requests get this long to finish after a signal, in ms. */
const drainMs = 30_000;

/** Starts everything in order and stops it in the reverse one; a second signal does not wait. */
async function main(): Promise<void> {
  const runtime = await openRuntime('own');
  const { config } = runtime;
  const urls = {
    ownerUrl: config.databaseOwnerUrl,
    applicationUrl: config.databaseUrl,
    archiverUrl: config.DATABASE_ARCHIVER_URL,
  };
  const weaknesses = await migrateLedger(urls);
  if (!config.rolesAreSeparate) {
    process.stderr.write(
      'Warning: one database role owns and serves the ledger; set DATABASE_OWNER_URL to separate them.\n',
    );
  }
  for (const weakness of weaknesses)
    process.stderr.write(`Warning: the ledger is weaker than promised: ${weakness}.\n`);
  const app = await createApp(config);
  const accounts = await firstBoot(app, config);

  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    process.stderr.write(`${signal}: finishing open requests …\n`);
    setTimeout(() => process.exit(1), drainMs).unref();
    await app.close();
    await runtime.stop();
    process.exit(0);
  };
  process.on('SIGINT', (signal) => void stop(signal));
  process.on('SIGTERM', (signal) => void stop(signal));

  await app.listen(config.PORT, config.HOST);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  process.stdout.write(`IP2A listens on ${url} — Swagger UI at ${url}/docs\n`);
  for (const line of accounts) process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  const isConfig = error instanceof ConfigError;
  process.stderr.write(
    isConfig ? `${error.message}\n` : `IP2A can not start: ${(error as Error).stack ?? String(error)}\n`,
  );
  process.exit(isConfig ? ConfigError.exitStatus : 1);
});
