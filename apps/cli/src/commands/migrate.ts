import { Command } from 'commander';
import { openRuntime } from '#platform/config';
import { migrate } from '#platform/database';

/** `ip2a migrate`: the schema up to date, the coming months' partitions made, the application's role granted what it needs. */
export function migrateDatabase(): Command {
  return new Command('migrate').description('bring the database schema up to date').action(async () => {
    const runtime = await openRuntime('attach');
    try {
      const { databaseOwnerUrl: ownerUrl, databaseUrl: applicationUrl } = runtime.config;
      await migrate({ ownerUrl, applicationUrl }, (line) => process.stdout.write(`${line}\n`));
      process.stdout.write('The schema is up to date.\n');
    } finally {
      await runtime.stop();
    }
  });
}
