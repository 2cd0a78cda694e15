import { Command } from 'commander';
import { UsageError } from '../usage-error';
import { withApp, type Run } from '../with-app';

interface Options {
  reason: string;
  json?: boolean;
}

/** `ip2a ledger resume`: clears what somebody else wrote among the checkpoints, on record. */
export function resumeLedger(): Command {
  return new Command('resume')
    .description('clear checkpoints that the log did not make, once you have looked at them')
    .requiredOption('--reason <text>', 'what you found; it is put on record')
    .option('--json', 'print one JSON document')
    .action(async ({ reason, json }: Options) => {
      if (!/[\p{L}\p{N}]/u.test(reason)) throw new UsageError('Say what you found with --reason.');
      const { OwnSeals } = await import('#ledger');
      const { Database } = await import('#platform/database');
      const clear = async ({ app, context, print }: Run) => {
        const database = app.get(Database);
        const cleared = await app.get(OwnSeals).clear(context, (sql, values) => database.query(undefined, sql, values));
        await print(json ? `${JSON.stringify({ cleared })}\n` : textOf(cleared));
      };
      await withApp('ledger:resume', clear, { reason });
    });
}

function textOf(cleared: readonly string[]): string {
  return cleared.length === 0 ? 'Nothing was to be cleared.\n' : `Cleared: checkpoint ${cleared.join(', ')}.\n`;
}
