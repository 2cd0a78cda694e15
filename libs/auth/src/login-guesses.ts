import type { RequestContext } from '#platform/context';
import type { Database } from '#platform/database';
import { networkOf } from '#platform/throttling';

export type Guessed = 'password' | 'code';

/** Wrong ones in a row from one network, after which it waits, and for how many minutes. */
const maxFromNetwork = 5;
const waitMinutes = 15;
/**
 * Wrong codes in a row from all networks together, after which every network waits. Only somebody who knows the password
 * sends codes, and six digits are few.
 */
const maxCodes = 20;
/** Wrong passwords since the last log-in, after which the password alone opens nothing. */
export const maxPasswords = 50;
/** The network that stands for all together. */
const everywhere = '';
/** Wrong ones that no account counts are counted in so many that nobody has. */
const decoys = 64;

const wrong = 'CASE WHEN g.waits_until <= now() THEN 1 ELSE g.wrong + 1 END';
const limit = (network: string) => `CASE ${network} WHEN '${everywhere}' THEN ${maxCodes} ELSE ${maxFromNetwork} END`;

/** Whether guesses at the account `u` wait, from the network that is this parameter. */
export function waitsSql(kind: Guessed, network: string): string {
  return `EXISTS (SELECT FROM login_guesses g WHERE g.account_id = u.id AND g.kind = '${kind}'
    AND g.network IN (${network}, '${everywhere}') AND g.waits_until > now())`;
}

/** Counts a wrong one in the transaction of its entry; without an account in a decoy, by the same work. */
export async function countGuess(
  database: Database,
  context: RequestContext,
  kind: Guessed,
  { accountId, email }: { accountId: number | undefined; email: string },
): Promise<void> {
  const network = networkOf(context.ipAddress);
  await database.query(
    context,
    `INSERT INTO login_guesses AS g (account_id, kind, network, wrong)
     SELECT coalesce($1::integer, -(hashtext($2) & ${decoys - 1}) - 1), $3, n.network, 1
     FROM unnest($4::text[]) AS n (network)
     ON CONFLICT (account_id, kind, network) DO UPDATE SET wrong = ${wrong}, guessed_at = now(),
       waits_until = CASE WHEN ${wrong} >= ${limit('g.network')} THEN now() + interval '${waitMinutes} minutes' END
     WHERE g.waits_until IS NULL OR g.waits_until <= now()`,
    [accountId ?? null, email, kind, kind === 'code' ? [network, everywhere] : [network]],
  );
}

/** After a log-in from here. What others guess at elsewhere still counts. */
export async function forgetGuessesFromHere(
  database: Database,
  context: RequestContext,
  accountId: number,
): Promise<void> {
  await database.query(context, 'DELETE FROM login_guesses WHERE account_id = $1 AND network = ANY ($2::text[])', [
    accountId,
    [networkOf(context.ipAddress), everywhere],
  ]);
}

/** All wrong ones of these kinds at the account. */
export async function forgetGuesses(
  database: Database,
  context: RequestContext,
  accountId: number,
  kinds: readonly Guessed[],
): Promise<void> {
  await database.query(context, 'DELETE FROM login_guesses WHERE account_id = $1 AND kind = ANY ($2::text[])', [
    accountId,
    kinds,
  ]);
}
