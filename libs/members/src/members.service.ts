import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { RecordTrailQuery, TrailService } from '#audit';
import { Clock, DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import type { Rendered } from '#platform/http';
import { BulkRecords, RecordLists, Records } from '#records';
import type { CreateMember, ExportQuery, MemberQuery, UpdateMember } from './member.dto';
import { members, ownMember } from './member.resource';

/** Records that an export reads and writes out at a time. */
const exportChunk = 1000;

/** What the office does with members. */
@Injectable()
export class MembersService {
  constructor(
    private readonly records: Records,
    private readonly lists: RecordLists,
    private readonly bulk: BulkRecords,
    private readonly trail: TrailService,
    private readonly clock: Clock,
  ) {}

  list(context: RequestContext, query: MemberQuery): Promise<Rendered> {
    return this.lists.list(context, members, query);
  }

  get(context: RequestContext, id: number): Promise<Rendered> {
    return this.records.get(context, members, id);
  }

  getByNumber(context: RequestContext, memberNumber: string): Promise<Rendered> {
    return this.records.get(context, members, { memberNumber });
  }

  create(context: RequestContext, member: CreateMember): Promise<Rendered> {
    return this.records.create(context, members, member);
  }

  update(context: RequestContext, id: number, patch: UpdateMember, ifMatch?: string[]): Promise<Rendered> {
    return this.records.update(context, members, id, patch, ifMatch);
  }

  remove(context: RequestContext, id: number, ifMatch?: string[]): Promise<void> {
    return this.records.remove(context, members, id, ifMatch);
  }

  restore(context: RequestContext, id: number): Promise<Rendered> {
    return this.records.restore(context, members, id);
  }

  async auditTrail(context: RequestContext, id: number, query: RecordTrailQuery) {
    await this.records.mustBeVisible(context, members, id);
    return this.trail.ofRecord(context, 'members', id, query);
  }

  /**
   * Every member that matches, as CSV. The entry names each of them and is durable before the first byte; the rows are then
   * read in chunks, so neither a connection nor memory is held for a slow reader.
   */
  async export(context: RequestContext, query: ExportQuery): Promise<StreamableFile> {
    context.takeTime();
    const ids = await this.bulk.ids(context, members, { ...query, limit: 1, deleted: 'exclude' });
    context.disclose({ tableName: 'members', ids, list: true, action: 'EXPORT', filters: { ...query } });
    const columns = this.bulk.visibleFields(context, members);
    const { bulk } = this;
    async function* rows() {
      yield stringify([columns]);
      for (let start = 0; start < ids.length; start += exportChunk) {
        const chunk = ids.slice(start, start + exportChunk);
        const values = await bulk.values(context, members, chunk);
        yield stringify(values, { columns, escape_formulas: true });
      }
    }
    const today = this.clock.now().toISOString().slice(0, 10);
    return new StreamableFile(Readable.from(rows(), { objectMode: false }), {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="members-${today}.csv"`,
    });
  }

  /** The actor's own member record. */
  getOwn(context: RequestContext): Promise<Rendered> {
    return this.records.get(context, ownMember, ownId(context));
  }

  updateOwn(context: RequestContext, patch: UpdateMember, ifMatch?: string[]): Promise<Rendered> {
    return this.records.update(context, ownMember, ownId(context), patch, ifMatch);
  }
}

/** The member that the actor's account belongs to; 404 for an account that belongs to none. */
export function ownId({ actor }: RequestContext): number {
  if (!actor?.memberId) throw new DomainError('record.not-found', 'Your account belongs to no member record.');
  return actor.memberId;
}
