import { Command } from 'commander';

/** `ip2a audit key`: the log's public key, for those who verify it elsewhere. */
export function auditKey(): Command {
  return new Command('key').description('the public key of the ledger, as a verifier key').action(async () => {
    const { encodeVerifierKey, LedgerKey } = await import('#ledger');
    const { openRuntime } = await import('#platform/config');
    const runtime = await openRuntime('attach');
    try {
      process.stdout.write(`${encodeVerifierKey(new LedgerKey(runtime.config).verifier)}\n`);
    } finally {
      await runtime.stop();
    }
  });
}
