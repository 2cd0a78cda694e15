import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { bulkLoad, type Database } from '#platform/database';
import { dataSet } from './data-set';

export interface SeedOptions {
  seed: number;
  scale: number;
  onProgress?: (table: string, rows: number, of: number) => void;
}

export interface SeedReport {
  seed: number;
  scale: number;
  rows: Record<string, number>;
  total: number;
  seconds: number;
  rowsPerSecond: number;
}

/**
 * Stores the stress data set in one transaction, every row with its entry, so that nothing remains of a seed that is interrupted. A table
 * that holds its rows already is left; one that holds other rows is refused.
 */
export async function seedStress(
  context: RequestContext,
  database: Database,
  ownerUrl: string,
  { seed, scale, onProgress }: SeedOptions,
): Promise<SeedReport> {
  const tables = dataSet(seed, scale);
  const missing = [];
  for (const table of tables) {
    const [row] = await database.query<{ count: number }>(
      undefined,
      `SELECT count(*)::integer AS count FROM ${table.table}`,
      [],
      60_000,
    );
    const count = row?.count ?? 0;
    if (count !== 0 && count !== table.count) {
      throw new DomainError(
        'request.invalid',
        `${table.table} holds ${count} rows, which are not those of this set: seed an empty database (another DATA_DIR).`,
      );
    }
    if (count === 0) missing.push(table);
  }
  const begun = performance.now();
  const loads = missing.map((table) => ({
    ...table,
    rows: table.rows(),
    onProgress: (sent: number) => onProgress?.(table.table, sent, table.count),
  }));
  const rows = await bulkLoad(ownerUrl, context, loads);
  const seconds = (performance.now() - begun) / 1000;
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return { seed, scale, rows, total, seconds, rowsPerSecond: Math.round(total / seconds) };
}
