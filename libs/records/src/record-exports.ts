import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { DisclosureGate } from '#audit';
import { Clock, OutdatedError } from '#kernel';
import type { Disclosure, RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { BulkRecords, type RecordVersion } from './bulk-records';
import type { Resource } from './resource';
import { shownVersion, Statement } from './statement';

/** Records that an export reads and writes out at a time. */
const chunkRecords = 1000;

type ExportFacts = Omit<Disclosure, 'ids'>;

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
    const read = (chunk: RecordVersion[]) => this.read(context, resource, chunk, shown);
    async function* rows() {
      yield stringify([columns]);
      for (let start = 0; start < matching.length; start += chunkRecords) {
        const found = await read(matching.slice(start, start + chunkRecords));
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

  /** Rows that may be shown. A replica that lacks a change of the asker is left for the primary. */
  private async read(context: RequestContext, resource: Resource, chunk: RecordVersion[], shown: ExportFacts) {
    try {
      return await this.attempt(context, resource, chunk, shown);
    } catch (error) {
      if (!(error instanceof OutdatedError)) throw error;
      context.startOver(error);
      return this.attempt(context, resource, chunk, shown);
    }
  }

  private async attempt(context: RequestContext, resource: Resource, chunk: RecordVersion[], shown: ExportFacts) {
    const ids = chunk.map(({ id }) => id);
    const found = await this.bulk.rows(context, resource, ids);
    const named = new Map(chunk.map(({ id, version }) => [id, version]));
    const changed = found.filter((row) => named.get(row.id) !== shownVersion(row));
    if (changed.length > 0) {
      const newer = { ids: changed.map(({ id }) => id), versions: changed.map(shownVersion) };
      context.disclose({ ...shown, ...newer, notes: 'changed while it was exported' });
      await this.gate.release(context);
    }
    return found;
  }
}
