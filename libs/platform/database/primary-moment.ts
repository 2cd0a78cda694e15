import type { PrimaryMoment } from '#platform/context';

/** Asks one statement of the primary. */
export type AskPrimary = <R>(sql: string) => Promise<R[]>;

/**
 * The columns of a PrimaryMoment. The log's file names begin with its timeline, eight hexadecimal digits, which is another one after
 * each promotion. On a standby this fails.
 */
export const momentSql = `pg_current_wal_flush_lsn()::text AS lsn,
  left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) AS timeline,
  extract(epoch FROM clock_timestamp())::float8 AS seconds,
  (SELECT json_object_agg(name, concat_ws(' ', generation, holder)) FROM shared_generations) AS generations`;

export async function primaryMoment(ask: AskPrimary): Promise<PrimaryMoment> {
  const [moment] = await ask<PrimaryMoment>(`SELECT ${momentSql}`);
  if (!moment) throw new Error('A statement without FROM answers one row.');
  return moment;
}

/** The number of a timeline, as `shared_generations` keeps the current one under the name `timeline`. */
export function timelineNumber(timeline: string): string {
  return String(parseInt(timeline, 16));
}
