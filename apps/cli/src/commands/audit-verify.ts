import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type { LogFolder, Verdict } from '#ledger';
import { progressOn } from '../progress';
import { UsageError } from '../usage-error';
import { withApp } from '../with-app';

interface Options {
  from?: string;
  to?: string;
  resume?: boolean;
  offline?: string;
  publicKey?: string;
  json?: boolean;
}

/** `ip2a audit verify`: the tree computed again from the entries; exit 1 where anything is not what was sealed. */
export function auditVerify(): Command {
  return new Command('verify')
    .description('whether every entry is as it was sealed; names the first that is not')
    .option('--from <instant>', 'entries sealed from this instant on')
    .option('--to <instant>', 'entries sealed before this instant')
    .addOption(
      new Option('--resume', 'only what was sealed since the last verification that found nothing').conflicts([
        'from',
        'to',
      ]),
    )
    .addOption(
      new Option('--offline <folder>', 'what "audit bundle" wrote, without database or service').conflicts([
        'from',
        'to',
        'resume',
      ]),
    )
    .option('--public-key <file>', 'the key of the log: what "audit key" prints, or a PEM file')
    .option('--json', 'print one JSON document')
    .action(async ({ json, offline, publicKey, ...part }: Options) => {
      const verdict = offline === undefined ? await verifyHere(part) : await verifyFolder(offline, publicKey);
      process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : textOf(verdict));
      if (!verdict.valid) process.exitCode = 1;
    });
}

async function verifyHere({ resume, ...range }: Pick<Options, 'from' | 'to' | 'resume'>): Promise<Verdict> {
  const { VerificationService } = await import('#ledger');
  let verdict: Verdict | undefined;
  await withApp('audit:verify', async ({ app, context, release }) => {
    const progress = progressOn(process.stderr);
    const verification = app.get(VerificationService);
    const part = resume ? await verification.sinceVerified() : range;
    ({ verdict } = await verification.run(part, {
      onProgress: (leaves, of) => progress.show('entries', leaves, of),
      threads: availableParallelism(),
    }));
    progress.end();
    context.disclose({ tableName: 'audit_logs', ids: [], list: true, filters: { ...part }, notes: 'verify' });
    await release();
  });
  return verdict as unknown as Verdict;
}

async function verifyFolder(folder: string, keyFile: string | undefined): Promise<Verdict> {
  if (keyFile === undefined) throw new UsageError('Name the key of the log with --public-key FILE.');
  const ledger = await import('#ledger');
  let source: LogFolder;
  try {
    source = await ledger.LogFolder.open(folder);
  } catch (error) {
    throw new UsageError(`${folder} holds no log: ${(error as Error).message}`);
  }
  const open = ledger.checkpointsOf(await readKey(keyFile, source.checkpoint));
  const progress = progressOn(process.stderr);
  const verdict = await ledger.verifyLedger(source, {
    open,
    onProgress: (leaves, of) => progress.show('entries', leaves, of),
  });
  progress.end();
  return { ...verdict, rows: [], rehearsals: [] };
}

/** A verifier key, or a PEM file; that has no name, so the log is the one that the checkpoint names. */
async function readKey(file: string, checkpoint: string) {
  const { parseVerifierKey, verifierKey } = await import('#ledger');
  try {
    const text = await readFile(file, 'utf8');
    return text.startsWith('-----BEGIN')
      ? verifierKey(checkpoint.split('\n', 1)[0] ?? '', createPublicKey(text))
      : parseVerifierKey(text);
  } catch (error) {
    throw new UsageError(`${file} holds no public key: ${(error as Error).message}`);
  }
}

function textOf({ fault, rows, rehearsals, treeSize, entriesCompared, unread, unsealed, root }: Verdict): string {
  const rehearsed = rehearsals.map((objectKey) => `REHEARSAL: ${objectKey} was destroyed before its time\n`).join('');
  const unlike = rows
    .map(({ table, id, auditRef }) => `NOT AS RECORDED: ${table} ${id} is not what entry ${auditRef} says\n`)
    .join('');
  if (fault) {
    const entry = fault.entryId === null ? 'the ledger' : `entry ${fault.entryId}`;
    return `NOT AS SEALED: ${entry}: ${fault.kind}. ${fault.detail}\n${unlike}`;
  }
  return `${unlike}${rehearsed}As sealed: ${entriesCompared} entries compared, ${treeSize} in the tree, ${unread > 0 ? `${unread} cold or destroyed and not read, ` : ''}${unsealed} too new to be sealed. Root ${root}\n`;
}
