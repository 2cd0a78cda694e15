import { Command } from 'commander';
import { DisclosureGate } from '#audit';
import { VerificationService, type Verdict } from '#ledger';
import { progressOn } from '../progress';
import { withApp } from '../with-app';

interface Options {
  from?: string;
  to?: string;
  json?: boolean;
}

/** `ip2a audit verify`: the tree computed again from the entries; exit 1 where anything is not what was sealed. */
export function auditVerify(): Command {
  return new Command('verify')
    .description('whether every entry is as it was sealed; names the first that is not')
    .option('--from <instant>', 'entries sealed from this instant on')
    .option('--to <instant>', 'entries sealed before this instant')
    .option('--json', 'print one JSON document')
    .action(async ({ json, ...part }: Options) => {
      await withApp('audit:verify', async (app, context) => {
        const progress = progressOn(process.stderr);
        const { verdict } = await app
          .get(VerificationService)
          .run(part, (leaves, of) => progress.show('entries', leaves, of));
        progress.end();
        context.disclose({ tableName: 'audit_logs', ids: [], list: true, filters: { ...part }, notes: 'verify' });
        await app.get(DisclosureGate).release(context);
        process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : textOf(verdict));
        if (!verdict.valid) process.exitCode = 1;
      });
    });
}

function textOf({ fault, treeSize, entriesCompared, unsealed, root }: Verdict): string {
  if (fault) {
    const entry = fault.entryId === null ? 'the ledger' : `entry ${fault.entryId}`;
    return `NOT AS SEALED: ${entry}: ${fault.kind}. ${fault.detail}\n`;
  }
  return `As sealed: ${entriesCompared} entries compared, ${treeSize} in the tree, ${unsealed} too new to be sealed. Root ${root}\n`;
}
