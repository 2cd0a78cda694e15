import type { Seal, Query } from './seals';
import { sealedWithinSeconds } from './sealing';

/** A transaction of ours that waits for its client as long as this is ended, in seconds. */
const idleSeconds = 3;
/** The same for one that is at work. */
const longestSeconds = 30;

/**
 * Ends transactions of the application's role that keep entries of others from being sealed:
 * sealing waits for every transaction that writes. Others than ours are for an operator to end.
 * Where one role also owns the schema, only the idle ones are ours for certain. Answers how many.
 */
export async function endLongTransactions(
  query: Query,
  last: Pick<Seal, 'lastTxid' | 'lastId'>,
  isRoleOurs: boolean,
): Promise<number> {
  const ended = await query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND usename = current_user AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
       AND (state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - make_interval(secs => ${idleSeconds})
         OR $3 AND xact_start < clock_timestamp() - make_interval(secs => ${longestSeconds}))
       AND EXISTS (SELECT FROM audit_logs WHERE (txid, id) > ($1::xid8, $2::bigint)
         AND changed_at < clock_timestamp() - make_interval(secs => ${sealedWithinSeconds}))`,
    [last.lastTxid, last.lastId, isRoleOurs],
  );
  return ended.length;
}
