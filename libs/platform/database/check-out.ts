import { once } from 'node:events';
import { DatabaseError, type Pool, type PoolClient, type QueryConfig } from 'pg';
import { DomainError } from '#kernel';
import { translateError } from './pg-errors';
import { isOfStandby } from './standby';

/** How long an answer that is late is still waited for, in ms; the connection serves nobody until then. */
const lateMs = 3_000;

/** Connections that broke. */
const lost = new WeakSet<object>();

/** The failing statement tells its caller; the event would end the process if nobody listened. */
function noteLoss(this: object): void {
  lost.add(this);
}

/** Those who wait for a connection of a pool, in their order. */
const waiters = new WeakMap<Pool, Set<(client: PoolClient) => void>>();
const poolOf = new WeakMap<PoolClient, Pool>();

/** A connection of the pool's for several statements. One that is lost meanwhile fails them, and nothing else. */
export async function checkOut(pool: Pool): Promise<PoolClient> {
  try {
    const client = await (pool.idleCount > 0 ? pool.connect() : firstOf(pool));
    if (!poolOf.has(client)) client.on('error', noteLoss);
    poolOf.set(client, pool);
    return client;
  } catch (error) {
    throw translateError(error);
  }
}

/**
 * The first connection that there is: one that somebody gives back, or a new one. The pool itself
 * would have the request wait for the new one, which a busy machine opens too late.
 */
function firstOf(pool: Pool): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    const waiting = waiters.get(pool) ?? new Set();
    waiters.set(pool, waiting);
    const take = (client: PoolClient) => {
      waiting.delete(take);
      resolve(client);
    };
    waiting.add(take);
    pool.connect().then(
      (client) => (waiting.has(take) ? take(client) : passOn(client, pool)),
      (error: unknown) => waiting.delete(take) && reject(error as Error),
    );
  });
}

/** To who has waited longest; back into the pool where nobody waits. */
function passOn(client: PoolClient, pool: Pool | undefined): void {
  const [next] = (pool && waiters.get(pool)) ?? [];
  if (next && !lost.has(client)) next(client);
  else release(client, lost.has(client));
}

function release(client: PoolClient, isClosed = false): void {
  poolOf.delete(client);
  client.off('error', noteLoss);
  client.release(isClosed);
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
  if (leavesConnectionSound(failure)) passOn(client, poolOf.get(client));
  else release(client, true);
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
  if (isSound) passOn(client, poolOf.get(client));
  else release(client, true);
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
