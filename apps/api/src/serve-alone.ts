import type { Runtime } from '#platform/config';
import { createApp } from './create-app';
import { firstBoot } from './first-boot';
import { announce } from './prepare';
import { drainMs } from './worker-messages';

/** Serves in this very process, and stops in the reverse order; a second signal does not wait. */
export async function serveAlone(runtime: Runtime): Promise<void> {
  const { config } = runtime;
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
  announce((await app.getUrl()).replace('[::1]', '127.0.0.1'), accounts);
}
