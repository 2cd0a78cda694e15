import { once } from 'node:events';
import { Command, Option } from 'commander';
import { AuditExportService, DisclosureGate, EXPORT_FORMATS, type ExportFormat } from '#audit';
import { withApp } from '../with-app';

/** `ip2a audit export`: the ledger on standard output. The export is on record before its first line. */
export function auditExport(): Command {
  return new Command('export')
    .description('every entry that matches, oldest first, on standard output')
    .addOption(new Option('--format <format>', 'the form').choices(EXPORT_FORMATS).default('jsonl'))
    .option('--from <instant>', 'entries from this instant on')
    .option('--to <instant>', 'entries before this instant')
    .action(async ({ format, from, to }: { format: ExportFormat; from?: string; to?: string }) => {
      await withApp('audit:export', async (app, context) => {
        const { count, lines } = await app.get(AuditExportService).begin(context, { format, from, to });
        await app.get(DisclosureGate).release(context);
        for await (const line of lines) {
          if (!process.stdout.write(line)) await once(process.stdout, 'drain');
        }
        process.stderr.write(`${count} entries\n`);
      });
    });
}
