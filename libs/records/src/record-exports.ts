import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { Clock } from '#kernel';
import type { RequestContext } from '#platform/context';
import { BulkRecords } from './bulk-records';
import type { Resource } from './resource';
import { Statement } from './statement';
import { Database } from '#platform/database';

/** Records that an export reads and writes out at a time. */
const chunkRecords = 1000;

/** Exports of declared resources as CSV: streamed, and safe to open in a spreadsheet. */
@Injectable()
export class RecordExports {
  constructor(
    private readonly database: Database,
    private readonly bulk: BulkRecords,
    private readonly clock: Clock,
  ) {}

  /**
   * Every record that matches the filters. The entry names each of them and is durable before the first byte; the rows are then
   * read in chunks, so neither a connection nor memory is held for a slow reader.
   */
  async csv(context: RequestContext, resource: Resource, filters: object): Promise<StreamableFile> {
    context.takeTime();
    const { table } = new Statement(context, resource, this.database);
    const ids = await this.bulk.ids(context, resource, { ...filters, limit: 1, deleted: 'exclude' });
    context.disclose({ tableName: table, ids, list: true, action: 'EXPORT', filters: { ...filters } });
    const columns = this.bulk.visibleFields(context, resource);
    const { bulk } = this;
    async function* rows() {
      yield stringify([columns]);
      for (let start = 0; start < ids.length; start += chunkRecords) {
        const values = await bulk.values(context, resource, ids.slice(start, start + chunkRecords));
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
