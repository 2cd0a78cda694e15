import { setInterval } from 'node:timers';
import { translateError } from './pg-errors';
import { Client } from '#platform/sessions';

/** The holder says this often that it lives, in ms. */
const aliveMs = 2_000;
/** A holder that has not said so for this long, in ms, has lost the lease: the server ends its transaction. */
const lostMs = 15_000;
const connectMs = 5_000;

/**
 * Does `work` while no other process does work under the same number, and answers what it answers; undefined where another one is at it. The
 * lease is a lock of an open transaction: through a pooler it keeps its connection, and it ends with its process. `signal` is aborted when
 * the lease is lost.
 */
export async function withLease<T>(
  url: string,
  number: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const client = new Client({ connectionString: url, keepAlive: true, connectionTimeoutMillis: connectMs });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  client.on('end', () => lost.abort(new Error('The lease was lost.')));
  try {
    await client.connect();
  } catch (error) {
    throw translateError(error);
  }
  let timer: NodeJS.Timeout | undefined;
  try {
    await client.query(`BEGIN READ ONLY; SET LOCAL idle_in_transaction_session_timeout = ${lostMs}`);
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [number]);
    if (!rows[0]?.taken) return undefined;
    timer = setInterval(() => void client.query('SELECT').catch((error: unknown) => lost.abort(error)), aliveMs);
    return await work(lost.signal);
  } finally {
    clearInterval(timer);
    // A pooler closes the connection of a transaction that is left open, and later than the client sees.
    await client.query('COMMIT').catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}
