import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { RecordTrailQuery, TrailService } from '#audit';
import type { RequestContext } from '#platform/context';
import { fields } from '#platform/http';
import { ownId } from './own-member';

export const AccessLogItem = z
  .object({
    id: z.int().describe('The number of the entry in the ledger.'),
    at: fields.instantView,
    by: z.string().describe('Who: you, an office account by its address, or the system.'),
    roles: z.array(z.string()).describe('The roles they held at that moment.'),
    what: z.string().describe('What happened, in plain words.'),
    reason: z.string().nullable().describe('Why, where they said so.'),
    changedFields: z.array(z.string()).nullable(),
  })
  .meta({ id: 'AccessLogItem' });
type AccessLogItem = z.infer<typeof AccessLogItem>;

export const AccessLogPage = z
  .object({ items: z.array(AccessLogItem), nextCursor: z.string().nullable() })
  .meta({ id: 'AccessLogPage' });

const sentences: Record<string, string> = {
  READ: 'looked at the record',
  BULK_READ: 'saw the record in a list',
  EXPORT: 'exported the record with others',
  BREAK_GLASS: 'looked at the record in an emergency, beyond what their roles permit',
  CREATE: 'created the record',
  UPDATE: 'changed the record',
  DELETE: 'removed the record',
  RESTORE: 'restored the record',
  ACCESS_DENIED: 'tried to reach the record and was refused',
};

/** Who looked at or changed my record, when and why: the ledger's entries about one member, in that member's words. */
@Injectable()
export class AccessLogService {
  constructor(private readonly trail: TrailService) {}

  async list(context: RequestContext, query: RecordTrailQuery): Promise<z.infer<typeof AccessLogPage>> {
    const own = ownId(context);
    const page = await this.trail.ofRecord(context, 'members', own, query, { notes: 'access log', scope: 'self' });
    const items = page.items.map((entry): AccessLogItem => ({
      id: entry.id,
      at: entry.changedAt,
      by: entry.changedBy?.email ?? 'the system',
      roles: entry.changedBy?.roles ?? [],
      what: sentences[entry.action] ?? entry.action,
      reason: entry.reason,
      changedFields: entry.changedFields,
    }));
    return { items, nextCursor: page.nextCursor };
  }
}
