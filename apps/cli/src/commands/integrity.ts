import { Command, Option } from 'commander';
import type { LiftedConstraint, RepairReport } from '#integrity';
import type { Config } from '#platform/config';
import { askAboutIssues } from '../ask-about-issues';
import { lineOf } from '../issue-line';
import { progressOn } from '../progress';
import { UsageError } from '../usage-error';
import { withApp } from '../with-app';

interface Options {
  json?: boolean;
  dryRun?: boolean;
  interactive?: boolean;
}

/** `ip2a integrity check`: every issue; exit 1 while critical ones remain. */
export function integrityCheck(): Command {
  return new Command('check')
    .description('look for records that contradict the rules or one another, and for files that do not fit them')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: Options) => {
      const { discloseIssues, IntegrityService } = await import('#integrity');
      await withIntegrity('integrity:check', async ({ app, context, print }) => {
        const progress = progressOn(process.stderr);
        let separator = '';
        if (json) await print('{"items":[');
        const report = await app.get(IntegrityService).check(context, {
          files: true,
          onProgress: progress.show,
          onIssues: async (issues) => {
            discloseIssues(context, issues);
            progress.end();
            for (const issue of issues) {
              await print(json ? separator + JSON.stringify(issue) : `${lineOf(issue)}\n`);
              separator = ',';
            }
          },
        });
        const { critical, warning, info } = report;
        if (json) await print(`],${JSON.stringify(report).slice(1)}\n`);
        else await print(`${critical} critical, ${warning} warnings, ${info} for information\n`);
        if (critical > 0) process.exitCode = 1;
      });
    });
}

/** `ip2a integrity repair`: mends what has only one answer, and asks for others; exit 1 while critical issues remain. */
export function integrityRepair(): Command {
  return new Command('repair')
    .description('mend what has only one answer; each repair is one change on record')
    .option('--dry-run', 'change nothing, and say what would be mended')
    .addOption(new Option('--interactive', 'ask about what is left and can be decided').conflicts(['dryRun', 'json']))
    .option('--json', 'print one JSON document')
    .action(async ({ json, dryRun = false, interactive }: Options) => {
      if (interactive && !(process.stdin.isTTY && process.stderr.isTTY)) {
        throw new UsageError(
          '--interactive asks at a terminal, and there is none here: run it in one, or leave it out.',
        );
      }
      const { IntegrityService } = await import('#integrity');
      await withIntegrity('integrity:repair', async (run) => {
        const { app, context, print } = run;
        const progress = progressOn(process.stderr);
        const report = await app.get(IntegrityService).repair(context, {
          dryRun,
          onProgress: progress.show,
          onRepair: async (issue) => {
            if (json) return;
            progress.end();
            await print(`repaired  ${lineOf(issue)}\n`);
          },
        });
        progress.end();
        await print(json ? `${JSON.stringify(report)}\n` : textOf(report));
        const decided = interactive ? await askAboutIssues(run, progress) : [];
        const criticalDecided = decided.filter(({ severity }) => severity === 'critical').length;
        if (report.criticalLeft > criticalDecided) process.exitCode = 1;
      });
    });
}

/** `ip2a integrity constraints`: what the database should have and has not; exit 1 while something is lacking. */
export function integrityConstraints(): Command {
  return new Command('constraints')
    .description('name constraints that were lifted, and the rows in their way')
    .option('--restore', 'put those back that hold now')
    .option('--json', 'print one JSON document')
    .action(async ({ json, restore }: { json?: boolean; restore?: boolean }) => {
      const { IntegrityService } = await import('#integrity');
      const { CONFIG } = await import('#platform/config');
      await withIntegrity('integrity:constraints', async ({ app, context, print }) => {
        const integrity = app.get(IntegrityService);
        const { databaseOwnerUrl } = app.get<Config>(CONFIG);
        const restored = restore ? await integrity.restoreConstraints(context, databaseOwnerUrl) : [];
        const lifted = await integrity.lifted(context);
        const lines = [
          ...restored.map(({ table, name }) => `restored  ${table}  ${name}\n`),
          ...lifted.map(liftedLine),
        ];
        await print(json ? `${JSON.stringify({ restored, lifted })}\n` : lines.join(''));
        if (lifted.length > 0) process.exitCode = 1;
      });
    });
}

function liftedLine({ table, name, count, ids }: LiftedConstraint): string {
  const rest = count > ids.length ? ' …' : '';
  const state = count > 0 ? `${count} rows are in its way: ${ids.join(', ')}${rest}` : 'it holds and can be put back';
  return `lifted  ${table}  ${name}: ${state}\n`;
}

/** Exit 1 says that critical issues remain; whatever kept the work from being done is 2. */
async function withIntegrity(...[command, work]: Parameters<typeof withApp>): Promise<void> {
  try {
    await withApp(command, work);
  } catch (error) {
    const { ConfigError } = await import('#platform/config');
    if (error instanceof ConfigError) throw error;
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function textOf({ dryRun, kinds, lifted }: RepairReport): string {
  const lines = kinds
    .filter(({ found }) => found > 0)
    .map(({ kind, table, automatic, found, repaired, left }) => {
      const answer = automatic ? 'would be mended' : 'for a person to decide';
      return `${kind}  ${table}: ${found} found, ${dryRun ? answer : `${repaired} repaired, ${left} left`}\n`;
    });
  lines.push(...lifted.map(liftedLine));
  return lines.join('') + (dryRun ? 'Nothing was changed: this was a dry run.\n' : '');
}
