import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { sealingLock } from '#ledger';
import { compare, type Result } from './report';
import type { Stage } from './stage';
import type { Measurement, Turns } from './turns';

/**
 * The load of `read` on ours while the ledger is sealed (ours) and while somebody else holds the sealers' lock, so that nothing is
 * (bare): what sealing costs those who read, and whose entries are inserted.
 */
export async function raceSealing(
  { ours, owner }: Stage,
  turns: Turns,
  rounds: number,
  log: (line: string) => void,
): Promise<Result> {
  const pairs: { ours: Measurement; bare: Measurement }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await owner.query('SELECT pg_advisory_lock($1)', [sealingLock]);
    const unsealed = await turns.take('read', ours, 2 * round);
    await owner.query('SELECT pg_advisory_unlock($1)', [sealingLock]);
    await allSealed(owner);
    const sealed = await turns.take('read', ours, 2 * round + 1);
    if (round > 0) pairs.push({ ours: sealed, bare: unsealed });
    log(
      `sealing, round ${round} of ${rounds}: with ${Math.round(sealed.rate)}/s, without ${Math.round(unsealed.rate)}/s`,
    );
  }
  return compare(pairs);
}

export async function allSealed(owner: Client): Promise<void> {
  for (;;) {
    const { rows } = await owner.query(
      'SELECT FROM audit_logs WHERE (txid, id) > (SELECT last_txid, last_id FROM audit_seals ORDER BY seq DESC LIMIT 1) LIMIT 1',
    );
    if (rows.length === 0) return;
    await sleep(200);
  }
}
