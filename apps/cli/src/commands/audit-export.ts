import { Command, Option } from 'commander';
import type { ExportFormat } from '#audit';
import { withApp } from '../with-app';

/** As the compiler compares them with the library's. */
const formats: Record<ExportFormat, true> = { jsonl: true, csv: true, ocsf: true, fhir: true };

/** `ip2a audit export`: the ledger on standard output. The export is on record before its first line. */
export function auditExport(): Command {
  return new Command('export')
    .description('every entry that matches, oldest first, on standard output')
    .addOption(new Option('--format <format>', 'the form').choices(Object.keys(formats)).default('jsonl'))
    .option('--from <instant>', 'entries from this instant on')
    .option('--to <instant>', 'entries before this instant')
    .action(async ({ format, from, to }: { format: ExportFormat; from?: string; to?: string }) => {
      const { AuditExportService } = await import('#audit');
      await withApp('audit:export', async ({ app, context, print, release }) => {
        const { count, lines } = await app.get(AuditExportService).begin(context, { format, from, to });
        await release();
        for await (const line of lines) await print(line);
        process.stderr.write(`${count} entries\n`);
      });
    });
}
