import { Command } from 'commander';

/** `ip2a jobs`: the scheduled jobs of the server. Reads the settings and no database. */
export function listJobs(): Command {
  return new Command('jobs')
    .description('list the scheduled jobs of the server, and their next runs')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const { CronTime } = await import('cron');
      const { readSettings } = await import('#platform/config');
      const { declaredJobs } = await import('#platform/jobs');
      // The application loads every class that declares a job.
      await import('#app');
      const { ARCHIVE_CRON } = readSettings();
      const items = declaredJobs().map(({ id, description, cron: given }) => {
        const cron = typeof given === 'string' ? given : ARCHIVE_CRON;
        const nextRun = cron === 'off' ? null : new CronTime(cron, 'UTC').sendAt().toJSDate().toISOString();
        return { id, cron, nextRun, description };
      });
      const lines = items.map(({ id, cron, nextRun, description }) =>
        [id.padEnd(24), cron.padEnd(16), nextRun ?? 'never'.padEnd(24), description].join('  '),
      );
      process.stdout.write(json ? `${JSON.stringify({ items })}\n` : `${lines.join('\n')}\n`);
    });
}
