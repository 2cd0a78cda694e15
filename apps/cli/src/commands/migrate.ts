import { Command } from 'commander';
import { UsageError } from '../usage-error';

/**
 * `ip2a migrate`: the schema up to date, the coming months' partitions made, the application's role granted what it needs; and what is
 * weaker than promised all the same.
 */
export function migrateDatabase(): Command {
  return new Command('migrate').description('bring the database schema up to date').action(async () => {
    const { migrateLedger } = await import('#audit');
    const { openRuntime } = await import('#platform/config');
    const runtime = await openRuntime('attach', { needsKeys: false });
    try {
      const {
        databaseOwnerUrl: ownerUrl,
        databaseUrl: applicationUrl,
        DATABASE_ARCHIVER_URL: archiverUrl,
      } = runtime.config;
      const { superuserUrl } = runtime;
      const { ownsSchema, roleOf } = await import('#platform/database');
      if (!(await ownsSchema(ownerUrl))) {
        throw new UsageError(`${roleOf(ownerUrl)} does not own the schema: set DATABASE_OWNER_URL.`);
      }
      const log = (line: string) => process.stdout.write(`${line}\n`);
      const weaknesses = await migrateLedger({ ownerUrl, applicationUrl, archiverUrl, superuserUrl }, log);
      process.stdout.write('The schema is up to date.\n');
      for (const weakness of weaknesses) {
        process.stderr.write(`Warning: the ledger is weaker than promised: ${weakness}.\n`);
      }
    } finally {
      await runtime.stop();
    }
  });
}
