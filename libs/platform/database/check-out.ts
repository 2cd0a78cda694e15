import { once } from 'node:events';
import { DatabaseError, type Pool, type PoolClient, type QueryConfig } from 'pg';
import { DomainError } from '#kernel';
import { translateError } from './pg-errors';
import { isOfStandby } from './standby';

/** How long an answer that is late is still waited for, in ms; the connection serves nobody until then. */
const lateMs = 3_000;

/** The failing statement tells its caller; the event would end the process if nobody listened. */
const ignore = () => {};

/** A connection of the pool's for several statements. One that is lost meanwhile fails them, and nothing else. */
export async function checkOut(pool: Pool): Promise<PoolClient> {
  try {
    const client = await pool.connect();
    client.on('error', ignore);
    return client;
  } catch (error) {
    throw translateError(error);
  }
}

/**
 * Gives it back; after a failure that left it in doubt it is closed. One whose answer is late is given back when that has come: a busy
 * server would have to open another one, which knows no plans yet, and still finish the statement.
 */
export function checkIn(client: PoolClient, failure?: unknown): void {
  if (isLate(failure)) {
    void giveBackLate(client);
    return;
  }
  client.off('error', ignore);
  client.release(failure !== undefined && !leavesConnectionSound(failure));
}

/** Rolls its transaction back and gives it back; `failure` is what left it in doubt. */
export async function rollBack(client: PoolClient, failure?: unknown): Promise<void> {
  let inDoubt = failure;
  try {
    if (leavesConnectionSound(failure)) await client.query('ROLLBACK');
  } catch (error) {
    inDoubt = error;
  }
  checkIn(client, inDoubt);
}

async function giveBackLate(client: PoolClient): Promise<void> {
  let isSound = false;
  try {
    await once(client, 'drain', { signal: AbortSignal.timeout(lateMs) });
    if (client.getTransactionStatus() !== 'I')
      await client.query({ text: 'ROLLBACK', query_timeout: lateMs } as QueryConfig);
    isSound = true;
  } catch {
    // It is closed: lost, or nobody knows when its server will be done.
  }
  client.off('error', ignore);
  client.release(!isSound);
}

/** The driver gave the statement up; its server may not know. */
function isLate(failure: unknown): boolean {
  const cause = failure instanceof DomainError ? failure.cause : failure;
  return cause instanceof Error && cause.message === 'Query read timeout';
}

/**
 * Whether a connection is as good as before this failure: the server reported it and is still the primary, or nothing was sent. After any other, such as
 * a timeout, the server may still be busy with the last statement.
 */
export function leavesConnectionSound(failure: unknown): boolean {
  const cause = failure instanceof DomainError ? failure.cause : failure;
  return cause === undefined || (cause instanceof DatabaseError && cause.severity === 'ERROR' && !isOfStandby(cause));
}
