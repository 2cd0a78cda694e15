import { NestFactory } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { AppModule, entities } from '#app';
import { CONFIG, type Config } from '#platform/config';
import { Database } from '#platform/database';
import { declaredJobs, ScheduledJob } from '#platform/jobs';
import { run } from '../../../test/support/cli';
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
  const mounted = [...api.app.get(SchedulerRegistry).getCronJobs().keys()].sort();
  expect(mounted).toEqual(declaredJobs().map(({ id }) => id));
  expect(mounted).toContain('archive');
  await command.close();
});

it('have ids of their own', () => {
  const job = { id: 'archive', description: 'Another one.', cron: '0 0 * * *' };
  expect(() => ScheduledJob(job)).toThrow('There are two jobs with the id archive.');
});

describe('ip2a jobs', () => {
  /** No server listens there. */
  const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', ARCHIVE_CRON: '30 4 * * 0' };

  it('lists every job with its next run, and needs no database', async () => {
    const { status, stdout } = await run(api.database, ['jobs', '--json'], { env });
    expect(status).toBe(0);
    const { items } = JSON.parse(stdout) as { items: { id: string; cron: string; nextRun: string | null }[] };
    expect(items.map(({ id }) => id)).toEqual(declaredJobs().map(({ id }) => id));
    const archive = items.find(({ id }) => id === 'archive');
    expect(archive).toMatchObject({ cron: '30 4 * * 0', nextRun: expect.stringMatching(/T04:30:00\.000Z$/) });
    expect(new Date(archive?.nextRun ?? '').getUTCDay()).toBe(0);
    for (const { nextRun } of items) expect(new Date(nextRun ?? 0).getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('says in plain text what never runs', async () => {
    const { stdout } = await run(api.database, ['jobs'], { env: { ...env, ARCHIVE_CRON: 'off' } });
    expect(stdout).toMatch(/^archive +off +never +Moves the months/m);
    expect(stdout.trim().split('\n')).toHaveLength(declaredJobs().length);
  });

  it('ends with 78 at a setting that is wrong', async () => {
    const { status, stderr } = await run(api.database, ['jobs'], { env: { ...env, ARCHIVE_CRON: 'daily' } });
    expect([status, stderr]).toEqual([78, expect.stringMatching(/^ARCHIVE_CRON: must be a cron expression/)]);
  });
});
