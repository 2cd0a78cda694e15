import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { DomainError } from '#kernel';
import { translateError } from './pg-errors';
import { isOfStandby } from './standby';

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

/** Gives it back; after a failure that left it in doubt it is closed. */
export function checkIn(client: PoolClient, failure?: unknown): void {
  client.off('error', ignore);
  client.release(failure !== undefined && !leavesConnectionSound(failure));
}

/**
 * Whether a connection is as good as before this failure: the server reported it and is still the primary, or nothing was sent. After any other, such as
 * a timeout, the server may still be busy with the last statement.
 */
export function leavesConnectionSound(failure: unknown): boolean {
  const cause = failure instanceof DomainError ? failure.cause : failure;
  return cause === undefined || (cause instanceof DatabaseError && cause.severity === 'ERROR' && !isOfStandby(cause));
}
