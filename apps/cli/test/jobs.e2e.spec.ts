import { NestFactory } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { AppModule, entities } from '#app';
import { CONFIG, type Config } from '#platform/config';
import { Database } from '#platform/database';
import { startApi, type LocalApi } from '../../../test/support/harness';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi({ config: { ARCHIVE_CRON: '* * * * * *' } });
});
afterAll(() => api.close());

it('a command runs nothing by the clock, whatever the service does', async () => {
  const config = api.app.get<Config>(CONFIG);
  const database = await Database.connect(config, entities);
  const command = await NestFactory.createApplicationContext(AppModule.forCommands(config, database), {
    logger: false,
  });
  const jobs = command.get(SchedulerRegistry);
  expect([jobs.getCronJobs().size, jobs.getIntervals(), jobs.getTimeouts()]).toEqual([0, [], []]);
  expect(api.app.get(SchedulerRegistry).getCronJobs().size).toBeGreaterThan(5);
  await command.close();
});
