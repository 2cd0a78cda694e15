import { Command, InvalidArgumentError } from 'commander';
import type { ArchivedItem, ArchiveReport, TierTotal } from '#archival';
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
      const { ArchiverService } = await import('#archival');
      await withApp('archive:run', async ({ app, context, print }) => {
        const progress = progressOn(process.stderr);
        const report = await app.get(ArchiverService).run(context, { dryRun, asOf, onProgress: progress.show });
        progress.end();
        await print(json ? `${JSON.stringify(report)}\n` : textOf(report));
        if ([...report.months, ...report.objects].some(({ action }) => action === 'failed')) process.exitCode = 1;
      });
    });
}

/** `ip2a archive list`: every object, and what each tier costs by the month. */
export function archiveList(): Command {
  return new Command('list')
    .description('what has left PostgreSQL, where it is, and what that costs')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const { InventoryService } = await import('#archival');
      await withApp('archive:list', async ({ app, context, print }) => {
        const { items, tiers } = await app.get(InventoryService).take(context);
        const lines = [...items.map(itemLine), ...tiers.map(tierLine)];
        await print(json ? `${JSON.stringify({ items, tiers })}\n` : lines.map((line) => `${line}\n`).join(''));
      });
    });
}

/** `ip2a archive restore ID`: asks for a readable copy of a cold object. */
export function archiveRestore(): Command {
  return new Command('restore')
    .description('ask for a readable copy of a cold object')
    .argument('<id>', 'its id, as "archive list" tells', idOf)
    .action(async (id: number) => {
      const { TiersService } = await import('#archival');
      await withApp('archive:restore', async ({ app, context, print }) => {
        await app.get(TiersService).restore(context, id);
        await print('Asked for. "archive list" tells when it can be read.\n');
      });
    });
}

function itemLine({
  id,
  month,
  state,
  entries,
  bytes,
  storageClass,
  readableUntil,
  retainUntil,
  objectKey,
}: ArchivedItem): string {
  const until = readableUntil === null ? '' : `, readable until ${readableUntil}`;
  return `${id}  ${month}  ${state}  ${storageClass ?? '-'}${until}  ${entries ?? 0} entries  ${bytes ?? 0} bytes  kept until ${retainUntil ?? '-'}  ${objectKey}`;
}

function tierLine({ tier, entries, bytes, usdPerMonth }: TierTotal): string {
  const cost = usdPerMonth === null ? '' : `, about ${usdPerMonth.toFixed(4)} USD a month`;
  return `${tier}: ${entries} entries, ${bytes} bytes${cost}`;
}

function idOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above zero.');
  return Number(text);
}

function textOf({ dryRun, months, objects }: ArchiveReport): string {
  const moved = objects.map(({ month, objectKey, action, detail }) => {
    const done = { cool: 'moved to', destroy: 'destroyed by', keep: 'kept,', failed: 'FAILED:' }[action];
    return `${month}  ${objectKey}  ${dryRun ? 'would be ' : ''}${done} ${detail ?? ''}`.trimEnd();
  });
  if (months.length + moved.length === 0) return 'Nothing has come to be moved.\n';
  const lines = months.flatMap(({ month, action, detail, objects }) => {
    const done = { archive: dryRun ? 'would be archived' : 'archived', leave: 'left', failed: 'FAILED' }[action];
    const about = dryRun ? 'about ' : '';
    return [
      `${month}  ${done}${detail === undefined ? '' : `: ${detail}`}`,
      ...objects.map(({ objectKey, entries, bytes }) => `  ${objectKey}  ${entries} entries, ${about}${bytes} bytes`),
    ];
  });
  return `${[...lines, ...moved].join('\n')}\n`;
}

function dayOf(text: string): Date {
  const day = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(day.getTime())) {
    throw new InvalidArgumentError('It must be a day such as 2026-11-24.');
  }
  return day;
}
