import { Command, InvalidArgumentError } from 'commander';
import type { AuditLogItem } from '#audit';
import { withApp } from '../with-app';

const pageSize = 200;

/** `ip2a audit trail TABLE ID`: every entry about a record, newest first. Asking is on the record, too. */
export function auditTrail(): Command {
  return new Command('trail')
    .description('who saw or changed a record')
    .argument('<table>', 'such as members')
    .argument('<id>', 'the id of the record', idOf)
    .option('--from <instant>', 'entries from this instant on')
    .option('--to <instant>', 'entries before this instant')
    .option('--json', 'print one JSON document')
    .action(async (table: string, id: number, { from, to, json }: { from?: string; to?: string; json?: boolean }) => {
      const { AuditWriter, TrailService } = await import('#audit');
      await withApp('audit:trail', async ({ app, context, print }) => {
        const trail = app.get(TrailService);
        await app
          .get(AuditWriter)
          .record(context, { action: 'READ', tableName: table, recordId: id, notes: 'audit trail' });
        const items: AuditLogItem[] = [];
        let cursor: string | undefined;
        do {
          const page = await trail.ofRecord(context, table, id, { from, to, cursor, limit: pageSize });
          if (json) items.push(...page.items);
          else for (const item of page.items) await print(`${lineOf(item)}\n`);
          cursor = page.nextCursor ?? undefined;
        } while (cursor);
        if (json) await print(`${JSON.stringify({ items })}\n`);
      });
    });
}

function lineOf(entry: AuditLogItem): string {
  const who = entry.changedBy?.email ?? entry.databaseRole;
  const fields = entry.changedFields?.join(', ') ?? '';
  return [entry.changedAt, entry.action, who, entry.ipAddress ?? entry.source, entry.reason ?? '', fields]
    .join('  ')
    .trimEnd();
}

function idOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above zero.');
  return Number(text);
}
