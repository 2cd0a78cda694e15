import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { DisclosureGate } from '#audit';
import { Clock } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { BulkRecords } from './bulk-records';
import type { Resource } from './resource';
import { shownVersion, Statement } from './statement';

/** Records that an export reads and writes out at a time. */
const chunkRecords = 1000;

/** Exports of declared resources as CSV: streamed, and safe to open in a spreadsheet. */
@Injectable()
export class RecordExports {
  constructor(
    private readonly database: Database,
    private readonly bulk: BulkRecords,
    private readonly gate: DisclosureGate,
    private readonly clock: Clock,
  ) {}

  /**
   * Every record that matches the filters. The entry names each of them and is durable before the first byte; the rows are then
   * read in chunks, so neither a connection nor memory is held for a slow reader. Rows that were changed meanwhile are shown as
   * they are now, after a further entry that names their new versions.
   */
  async csv(context: RequestContext, resource: Resource, filters: object): Promise<StreamableFile> {
    context.takeTime();
    const { table } = new Statement(context, resource, this.database);
    const matching = await this.bulk.matching(context, resource, { ...filters, limit: 1, deleted: 'exclude' });
    const shown = { tableName: table, list: true, action: 'EXPORT', filters: { ...filters } } as const;
    context.disclose({ ...shown, ids: matching.map(({ id }) => id), versions: matching.map(({ version }) => version) });
    const columns = this.bulk.visibleFields(context, resource);
    const { bulk, gate } = this;
    async function* rows() {
      yield stringify([columns]);
      for (let start = 0; start < matching.length; start += chunkRecords) {
        const chunk = matching.slice(start, start + chunkRecords);
        const found = await bulk.rows(
          context,
          resource,
          chunk.map(({ id }) => id),
        );
        const named = new Map(chunk.map(({ id, version }) => [id, version]));
        const changed = found.filter((row) => named.get(row.id) !== shownVersion(row));
        if (changed.length > 0) {
          context.disclose({
            ...shown,
            ids: changed.map(({ id }) => id),
            versions: changed.map(shownVersion),
            notes: 'changed while it was exported',
          });
          await gate.release(context);
        }
        const values = found.map(({ json }) => JSON.parse(json) as Record<string, unknown>);
        yield stringify(values, { columns, escape_formulas: true });
      }
    }
    const today = this.clock.now().toISOString().slice(0, 10);
    return new StreamableFile(Readable.from(rows(), { objectMode: false }), {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="${table.replaceAll('_', '-')}-${today}.csv"`,
    });
  }
}
