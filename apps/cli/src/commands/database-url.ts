import { Command } from 'commander';

/** `ip2a database url`: where psql finds the database; the way into an embedded server while it runs. */
export function databaseUrl(): Command {
  return new Command('url')
    .description('print the connection string, password included')
    .option('--owner', 'as the schema’s owner instead of the application’s role')
    .action(async ({ owner }: { owner?: boolean }) => {
      const { openRuntime } = await import('#platform/config');
      const { config, stop } = await openRuntime('attach');
      process.stdout.write(`${owner ? config.databaseOwnerUrl : config.databaseUrl}\n`);
      await stop();
    });
}
