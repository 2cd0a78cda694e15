import { setImmediate } from 'node:timers/promises';
import { Injectable, StreamableFile } from '@nestjs/common';
import { DisclosureGate, ExportLeases, partNotes, recordsPerEntry } from '#audit';
import { Calendar, OutdatedError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { byteOrderMark, csvLines } from '#platform/http';
import { BulkRecords, type Part } from './bulk-records';
import type { Resource } from './resource';
import { shownVersion, type ViewRow } from './statement';

/** Records that are written as text at a time; other requests have their turn in between. */
const writtenAtATime = 500;

/** Reads the part that comes after a record, and notes what it shows. */
type Read = (after: number, number: number) => Promise<Part>;

/** Exports of declared resources as CSV: streamed, and safe to open in a spreadsheet. */
@Injectable()
export class RecordExports {
  constructor(
    private readonly bulk: BulkRecords,
    private readonly gate: DisclosureGate,
    private readonly leases: ExportLeases,
    private readonly calendar: Calendar,
  ) {}

  /**
   * Every record that matches the filters, in parts. Each part has an entry of its own, which names
   * the records in the versions that the part shows, and is durable before its first byte leaves.
   * Neither a connection nor memory is held for a slow reader, however many records there are.
   */
  async csv(context: RequestContext, resource: Resource, filters: object): Promise<StreamableFile> {
    const stream = await this.leases.stream(context, () => this.begin(context, resource, filters));
    const today = this.calendar.today();
    return new StreamableFile(stream, {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="${this.bulk.tableOf(resource).replaceAll('_', '-')}-${today}.csv"`,
    });
  }

  /** Reads and notes the first part. */
  private async begin(context: RequestContext, resource: Resource, filters: object): Promise<AsyncGenerator<string>> {
    context.takeTime();
    const query = { ...filters, limit: recordsPerEntry, deleted: 'exclude' } as const;
    const match = await this.bulk.match(context, resource, query);
    const columns = this.bulk.visibleFields(context, resource);
    const tableName = this.bulk.tableOf(resource);
    const notesOf = partNotes();
    const read: Read = async (after, number) => {
      const part = await this.bulk.part(context, resource, query, { match, after });
      context.disclose({
        ...{ tableName, list: true, action: 'EXPORT', filters: { ...filters } },
        ids: part.rows.map(({ id }) => id),
        versions: part.rows.map(shownVersion),
        notes: notesOf(number, part.isLast),
      });
      return part;
    };
    const first = await read(0, 1);
    const isSame = () => this.bulk.visibleFields(context, resource).join() === columns.join();
    const later: Read = (after, number) => this.later(context, () => read(after, number), isSame);
    return linesOf(columns, first, later);
  }

  /**
   * A part that may be shown. Its entry compares the rights of the account again. Where those have
   * changed, or a replica lacked a change of the asker, the guards decide again and the primary is
   * read. The export breaks off where the asker may not go on, or not see the same fields.
   */
  private async later(context: RequestContext, read: () => Promise<Part>, isSame: () => boolean): Promise<Part> {
    context.replyHasBegun = true;
    if (context.account) context.account.isConfirmed = false;
    try {
      return await this.released(context, read);
    } catch (error) {
      if (!(error instanceof OutdatedError)) throw error;
      context.startOver(error);
    }
    await context.decideAgain();
    if (!isSame()) throw new OutdatedError();
    return this.released(context, read);
  }

  private async released(context: RequestContext, read: () => Promise<Part>): Promise<Part> {
    const part = await read();
    await this.gate.release(context);
    return part;
  }
}

async function* linesOf(columns: string[], first: Part, later: Read): AsyncGenerator<string> {
  yield byteOrderMark + csvLines([columns], columns);
  let part = first;
  for (let number = 2; ; number += 1) {
    for (let from = 0; from < part.rows.length; from += writtenAtATime) {
      await setImmediate();
      yield written(part.rows.slice(from, from + writtenAtATime), columns);
    }
    const last = part.rows.at(-1);
    if (part.isLast || !last) return;
    part = await later(last.id, number);
  }
}

function written(rows: ViewRow[], columns: string[]): string {
  const values = rows.map(({ json }) => JSON.parse(json) as Record<string, unknown>);
  return csvLines(values, columns);
}
