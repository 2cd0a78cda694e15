import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DisclosureGate } from '#audit';
import { RoleThrottlerGuard } from '#auth';
import { Clock } from '#kernel';
import { SealerService } from '#ledger';
import type { Config } from '#platform/config';
import { Database } from '#platform/database';
import { fastifyAdapter, prepareServer } from '#platform/http';
import { JsonLogger, Tracing } from '#platform/observability';
import { RedisConnection } from '#platform/redis';
import { AppModule, entities } from './app.module';
import { serveDocs } from './openapi';

/** Makes a module around another one. */
type Around = (application: DynamicModule) => DynamicModule;

/**
 * The whole application on a migrated database, not yet listening. Tests and the program start from here alike; a test may put
 * something `around` it.
 */
export async function createApp(
  config: Config,
  clock = new Clock(),
  around: Around = (application) => application,
): Promise<NestFastifyApplication> {
  const database = await Database.connect(config, entities);
  const app = await NestFactory.create<NestFastifyApplication>(
    around(AppModule.with(config, database, clock)),
    fastifyAdapter(config),
    {
      logger: new JsonLogger(config.LOG_LEVEL),
      abortOnError: false,
      // Nest would add a parser for forms; Fastify itself has the one for JSON.
      bodyParser: false,
    },
  );
  const gate = app.get(DisclosureGate);
  const throttler = app.get(RoleThrottlerGuard);
  await prepareServer(app, config, {
    limit: (request, reply) => throttler.limitRequest(request, reply),
    release: (context) => gate.releaseLast(context),
    tracing: await Tracing.of(config),
  });
  app.setGlobalPrefix('api/v1', { exclude: ['health/live', 'health/ready', 'metrics'] });
  serveDocs(app);
  await app.init();
  const redis = app.get(RedisConnection);
  await Promise.all([database.warmUp(), redis.open()]);
  if (config.DATABASE_REPLICA_URLS) await database.readFrom(config.DATABASE_REPLICA_URLS);
  app.get(SealerService).start();
  return app;
}
