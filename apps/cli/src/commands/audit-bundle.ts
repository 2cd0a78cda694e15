import { Command } from 'commander';
import type { Config } from '#platform/config';
import { progressOn } from '../progress';
import { withApp } from '../with-app';

/** `ip2a audit bundle FOLDER`: the whole sealed ledger as a folder, for "audit verify --offline" elsewhere. On record as an export. */
export function auditBundle(): Command {
  return new Command('bundle')
    .description('the sealed ledger as a folder, to be verified elsewhere')
    .argument('<folder>', 'an empty folder, or one that is not there yet')
    .action(async (folder: string) => {
      const { ArchivedEntries } = await import('#audit');
      const { DatabaseSource, LogFolder } = await import('#ledger');
      const { CONFIG } = await import('#platform/config');
      await withApp('audit:bundle', async ({ app, context, print, release }) => {
        const source = await DatabaseSource.open(app.get<Config>(CONFIG).databaseUrl, {}, app.get(ArchivedEntries));
        try {
          context.disclose({
            tableName: 'audit_logs',
            ids: [],
            list: true,
            action: 'EXPORT',
            notes: 'bundle for offline verification',
          });
          await release();
          const progress = progressOn(process.stderr);
          const entries = await LogFolder.write(folder, source, (done, of) => progress.show('entries', done, of));
          progress.end();
          await print(`${entries} entries in ${folder}\n`);
        } finally {
          await source.close();
        }
      });
    });
}
