import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';

/**
 * What AWS asks for a GB and month in us-east-1, in USD, without requests and retrieval (aws.amazon.com/s3/pricing, 2026): to compare
 * tiers, not to book them.
 */
const usdPerGb: Record<string, number> = {
  STANDARD: 0.023,
  STANDARD_IA: 0.0125,
  GLACIER_IR: 0.004,
  GLACIER: 0.0036,
  DEEP_ARCHIVE: 0.00099,
};
const bytesPerGb = 2 ** 30;

export interface ArchivedItem {
  id: number;
  month: string;
  state: string;
  storageClass: string | null;
  entries: number | null;
  bytes: number | null;
  readableUntil: string | null;
  retainUntil: string | null;
  destroyedAt: string | null;
  objectKey: string;
}

export interface TierTotal {
  /** A storage class, or `PostgreSQL`. */
  tier: string;
  entries: number;
  bytes: number;
  /** Null for PostgreSQL, whose price is that of its disk. */
  usdPerMonth: number | null;
}

/** What is where, and roughly what it costs. */
@Injectable()
export class InventoryService {
  constructor(private readonly database: Database) {}

  async take(context: RequestContext): Promise<{ items: ArchivedItem[]; tiers: TierTotal[] }> {
    context.takeTime();
    const instant = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
    const items = await this.database.query<ArchivedItem>(
      context,
      `SELECT id, left(month::text, 7) AS month, state, storage_class AS "storageClass", entry_count::float8 AS entries, bytes::float8 AS bytes,
         ${instant('readable_until')} AS "readableUntil", retain_until::text AS "retainUntil", ${instant('destroyed_at')} AS "destroyedAt",
         object_key AS "objectKey" FROM archives ORDER BY month, id`,
    );
    context.disclose({ tableName: 'archives', ids: items.map(({ id }) => id), list: true });
    const [hot] = await this.database.query<{ entries: number; bytes: number }>(
      context,
      `SELECT (SELECT count(*)::float8 FROM audit_logs) AS entries,
         (SELECT sum(pg_total_relation_size(relid))::float8 FROM pg_partition_tree('audit_logs')) AS bytes`,
      [],
      longStatementMs,
    );
    const kept = items.filter(({ state }) => state === 'stored' || state === 'archived');
    const tiers = Object.entries(usdPerGb).flatMap(([tier, price]) => {
      const own = kept.filter(({ storageClass }) => storageClass === tier);
      const bytes = own.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
      const entries = own.reduce((sum, item) => sum + (item.entries ?? 0), 0);
      return own.length > 0 ? [{ tier, entries, bytes, usdPerMonth: (bytes / bytesPerGb) * price }] : [];
    });
    return {
      items,
      tiers: [{ tier: 'PostgreSQL', ...(hot ?? { entries: 0, bytes: 0 }), usdPerMonth: null }, ...tiers],
    };
  }
}
