import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openRuntime } from '#platform/config';
import { retire } from '#platform/http';
import { createApp } from './create-app';
import { firstBoot } from './first-boot';
import { MeasurementsService } from './measurements.service';
import { drainMs, embeddedFlag, firstBootFlag, type FromWorker, type ToWorker } from './worker-messages';

/** A worker that is replaced waits this long, in ms, for those who keep connections without using them. */
const retireMs = 15_000;

/**
 * One of several processes that serve on one port. It does what the supervisor says, and stops by itself on SIGTERM. When the
 * supervisor is gone Node ends it, because the channel between them closes.
 */
export async function work(flags: readonly string[]): Promise<void> {
  // Ctrl-C and a closed terminal reach every process; the supervisor decides what follows.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  // What there is so far: it may be told to stop while it starts.
  const made: { app?: NestFastifyApplication } = {};
  const stop = once(() => stopApp(made.app));
  process.on('SIGTERM', () => void stop());
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') void stop();
    else if (made.app) obey(message, made.app, stop);
  });
  const { config } = await openRuntime('attach');
  const app = (made.app = await createApp(config));
  const isFirst = flags.includes(firstBootFlag);
  const accounts = isFirst ? await firstBoot(app, { ...config, embedded: flags.includes(embeddedFlag) }) : [];
  await app.listen(config.PORT, config.HOST);
  tell({ kind: 'serving', url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), accounts });
}

function obey(message: ToWorker, app: NestFastifyApplication, stop: () => Promise<void>): void {
  const measurements = app.get(MeasurementsService);
  if (message.kind === 'retire') void retire(app, retireMs).then(stop);
  if (message.kind === 'metrics') measurements.receive(message.id, message.text);
  if (message.kind !== 'measure') return;
  const { id } = message;
  void measurements.own().then((metrics) => tell({ kind: 'measured', id, metrics }));
}

async function stopApp(app: NestFastifyApplication | undefined): Promise<void> {
  setTimeout(() => process.exit(1), drainMs).unref();
  await app?.close();
  process.exit(0);
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
