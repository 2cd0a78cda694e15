import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { INestApplicationContext } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { UsageError } from './usage-error';

/** The things that a command works with. */
export interface Run {
  app: INestApplicationContext;
  context: RequestContext;
  /** Prints when the entries of all noted records are durable. Waits for a slower reader. */
  print: (text: string) => Promise<void>;
  /** Resolves when those entries are durable. For records that are shown in another way. */
  release: () => Promise<void>;
}

/**
 * Runs a command's work over the application's own modules, as the system actor of that command. The database is the one
 * of the environment; an embedded server that runs already is joined, otherwise started for the time of the command.
 */
export async function withApp(
  command: string,
  work: (run: Run) => Promise<void>,
  { reason }: { reason?: string } = {},
): Promise<void> {
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule, entities } = await import('#app');
  const { systemActor } = await import('#access');
  const { openRuntime } = await import('#platform/config');
  const { RequestContext } = await import('#platform/context');
  const { Database, pendingMigrations } = await import('#platform/database');
  const { JsonLogger } = await import('#platform/observability');
  const runtime = await openRuntime('attach');
  const { config } = runtime;
  try {
    const [pending] = await pendingMigrations(config.databaseOwnerUrl);
    if (pending !== undefined) {
      throw new UsageError(`The database is not up to date; it lacks ${pending}. Run "ip2a migrate" first.`);
    }
    const database = await Database.connect(config, entities);
    const app = await NestFactory.createApplicationContext(AppModule.forCommands(config, database), {
      logger: new JsonLogger('warn', 'stderr'),
      abortOnError: false,
    });
    try {
      const actor = systemActor(command);
      const context = new RequestContext({ source: 'cli', requestId: randomUUID(), route: command, actor, reason });
      await runRecorded({ command, app, context }, work);
    } finally {
      await app.close();
    }
  } finally {
    await runtime.stop();
  }
}

/** Fails where the work noted records and neither printed nor released them. An error is told when its entries are durable. */
export async function runRecorded(
  { command, app, context }: Pick<Run, 'app' | 'context'> & { command: string },
  work: (run: Run) => Promise<void>,
  output: NodeJS.WritableStream = process.stdout,
): Promise<void> {
  const { DisclosureGate } = await import('#audit');
  const { DomainError } = await import('#kernel');
  const gate = app.get(DisclosureGate);
  const release = async () => {
    await gate.release(context);
  };
  const print = async (text: string) => {
    await release();
    if (!output.write(text)) await once(output, 'drain');
  };
  try {
    await work({ app, context, print, release });
  } catch (error) {
    if (error instanceof DomainError && error.status < 500) await gate.releaseError(context, error);
    throw error;
  }
  if (context.disclosures.length > 0) throw new Error(`${command} noted records that it did not record.`);
}
