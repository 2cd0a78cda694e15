import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { UsageError } from './usage-error';

/**
 * Runs a command's work over the application's own modules, as the system actor of that command. The database is the one
 * of the environment; an embedded server that runs already is joined, otherwise started for the time of the command.
 */
export async function withApp(
  command: string,
  work: (app: INestApplicationContext, context: RequestContext) => Promise<void>,
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
      const context = new RequestContext({ source: 'cli', requestId: randomUUID(), route: command, actor });
      await work(app, context);
    } finally {
      await app.close();
    }
  } finally {
    await runtime.stop();
  }
}
