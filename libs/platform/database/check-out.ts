import type { Pool, PoolClient } from 'pg';
import { translateError } from './pg-errors';

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

/** Gives it back; one that is `broken` is closed, because the server may still be busy with its last statement. */
export function checkIn(client: PoolClient, broken: boolean): void {
  client.off('error', ignore);
  client.release(broken);
}
