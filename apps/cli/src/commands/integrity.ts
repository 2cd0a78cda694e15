import { Command } from 'commander';
import { DisclosureGate } from '#audit';
import { IntegrityService, type Issue } from '#integrity';
import { withApp } from '../with-app';

interface Options {
  json?: boolean;
  dryRun?: boolean;
}

/** `ip2a integrity check`: every issue; exit 1 while critical ones remain. */
export function integrityCheck(): Command {
  return new Command('check')
    .description('look for records that contradict the rules or one another')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: Options) => {
      await withApp('integrity:check', async (app, context) => {
        const items: Issue[] = [];
        const report = await app.get(IntegrityService).check(context, (issue) => void items.push(issue));
        await app.get(DisclosureGate).release(context);
        if (json) process.stdout.write(`${JSON.stringify({ ...report, items })}\n`);
        else {
          for (const issue of items) process.stdout.write(`${lineOf(issue)}\n`);
          process.stdout.write(
            `${report.critical} critical, ${report.warning} warnings, ${report.info} for information\n`,
          );
        }
        if (report.critical > 0) process.exitCode = 1;
      });
    });
}

/** `ip2a integrity repair`: mends what has only one answer; exit 1 while critical issues remain. */
export function integrityRepair(): Command {
  return new Command('repair')
    .description('mend what has only one answer; each repair is one change on record')
    .option('--dry-run', 'change nothing, and say what would be mended')
    .option('--json', 'print one JSON document')
    .action(async ({ json, dryRun = false }: Options) => {
      await withApp('integrity:repair', async (app, context) => {
        const report = await app.get(IntegrityService).repair(context, {
          dryRun,
          onRepair: (issue, isRepaired) => {
            if (!json && isRepaired) process.stdout.write(`repaired  ${lineOf(issue)}\n`);
          },
        });
        if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
        else {
          for (const { kind, found, repaired, left } of report.kinds.filter((counted) => counted.found > 0)) {
            process.stdout.write(`${kind}: ${found} found, ${repaired} repaired, ${left} left\n`);
          }
          if (dryRun) process.stdout.write('Nothing was changed: this was a dry run.\n');
        }
        if (report.criticalLeft > 0) process.exitCode = 1;
      });
    });
}

function lineOf({ severity, kind, table, id, details }: Issue): string {
  return `${severity}  ${kind}  ${table} ${id}  ${JSON.stringify(details)}`;
}
