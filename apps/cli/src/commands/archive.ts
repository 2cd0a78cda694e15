import { Command, InvalidArgumentError } from 'commander';
import { ArchiverService, type ArchiveReport } from '#archival';
import { progressOn } from '../progress';
import { withApp } from '../with-app';

interface RunOptions {
  dryRun?: boolean;
  asOf?: Date;
  json?: boolean;
}

/** `ip2a archive run`: the months whose time has come leave PostgreSQL; exit 1 where one could not. */
export function archiveRun(): Command {
  return new Command('run')
    .description('move the months whose time has come to the object store')
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--as-of <day>', 'the day that counts as today for the whole run', dayOf)
    .option('--json', 'print one JSON document')
    .action(async ({ dryRun, asOf, json }: RunOptions) => {
      await withApp('archive:run', async (app, context) => {
        const progress = progressOn(process.stderr);
        const report = await app.get(ArchiverService).run(context, { dryRun, asOf, onProgress: progress.show });
        progress.end();
        process.stdout.write(json ? `${JSON.stringify(report)}\n` : textOf(report));
        if (report.months.some(({ action }) => action === 'failed')) process.exitCode = 1;
      });
    });
}

function textOf({ dryRun, months }: ArchiveReport): string {
  if (months.length === 0) return 'No month has come to leave PostgreSQL.\n';
  const lines = months.flatMap(({ month, action, detail, objects }) => {
    const done = { archive: dryRun ? 'would be archived' : 'archived', leave: 'left', failed: 'FAILED' }[action];
    const about = dryRun ? 'about ' : '';
    return [
      `${month}  ${done}${detail === undefined ? '' : `: ${detail}`}`,
      ...objects.map(({ objectKey, entries, bytes }) => `  ${objectKey}  ${entries} entries, ${about}${bytes} bytes`),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function dayOf(text: string): Date {
  const day = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(day.getTime())) {
    throw new InvalidArgumentError('It must be a day such as 2026-11-24.');
  }
  return day;
}
