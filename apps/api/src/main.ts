import cluster from 'node:cluster';
import { ConfigError } from '#platform/config';
import { prepare } from './prepare';
import { serveAlone } from './serve-alone';
import { Supervisor } from './supervisor';
import { work } from './worker';

/** One process serves by itself; several have a supervisor, which is this process. */
async function main(): Promise<void> {
  if (cluster.isWorker) return work(process.argv.slice(2));
  const runtime = await prepare();
  return runtime.config.WORKERS === 1 ? serveAlone(runtime) : new Supervisor(runtime).start();
}

main().catch((error: unknown) => {
  const isConfig = error instanceof ConfigError;
  process.stderr.write(
    isConfig ? `${error.message}\n` : `IP2A can not start: ${(error as Error).stack ?? String(error)}\n`,
  );
  process.exit(isConfig ? ConfigError.exitStatus : 1);
});
