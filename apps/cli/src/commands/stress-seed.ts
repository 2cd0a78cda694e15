import { Command, InvalidArgumentError } from 'commander';
import type { Config } from '#platform/config';
import { progressOn } from '../progress';
import { withApp } from '../with-app';

interface Options {
  scale: number;
  seed: number;
  defects?: boolean;
  json?: boolean;
}

/** `ip2a stress seed`: the stress data set in an empty database, every row with its entry. */
export function stressSeed(): Command {
  return new Command('seed')
    .description('store the synthetic stress data set')
    .option('--scale <factor>', 'how much of it: 1 is 515,356 rows', factorOf, 1)
    .option('--seed <number>', 'the same seed makes the same rows', wholeOf, 42)
    .option('--defects', 'plant the defects that the integrity check must find; lifts constraints')
    .option('--json', 'print one JSON document')
    .action(async ({ scale, seed, json, defects }: Options) => {
      const { CONFIG } = await import('#platform/config');
      const { Database } = await import('#platform/database');
      await withApp('stress:seed', async ({ app, context, print }) => {
        const { plantDefects, seedStress } = await import('#stress');
        const progress = progressOn(process.stderr);
        const { databaseOwnerUrl } = app.get<Config>(CONFIG);
        const report = await seedStress(context, app.get(Database), databaseOwnerUrl, {
          seed,
          scale,
          onProgress: (table, rows, of) => progress.show(table, rows, of),
        });
        progress.end();
        const flaws = defects ? await plantDefects(context, databaseOwnerUrl, scale) : undefined;
        const { rows, total, seconds, rowsPerSecond } = report;
        const lines = [
          ...Object.entries(rows).map(([table, count]) => `${table}  ${count}\n`),
          `${total} rows with their entries in ${seconds.toFixed(1)} s: ${rowsPerSecond} rows/s\n`,
          ...Object.entries(flaws?.planted ?? {}).map(([kind, count]) => `planted  ${kind}  ${count}\n`),
          ...(flaws?.lifted ?? []).map((statement) => `lifted  ${statement}\n`),
        ];
        await print(json ? `${JSON.stringify({ ...report, ...flaws })}\n` : lines.join(''));
      });
    });
}

function factorOf(text: string): number {
  const factor = Number(text);
  if (!(factor > 0 && factor <= 20)) throw new InvalidArgumentError('It must be a number above 0, and 20 at most.');
  return factor;
}

function wholeOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
