import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { RecordTrailQuery, TrailService, type AuditLogItem } from '#audit';
import type { RequestContext } from '#platform/context';
import { fields } from '#platform/http';
import { memberRecords, memberRecordsFunction } from './member-records';
import { ownId } from './own-member';

const AccessLogItem = z
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

const sentences: Record<string, (what: string) => string> = {
  READ: (what) => `looked at ${what}`,
  BULK_READ: (what) => `saw ${what} in a list`,
  EXPORT: (what) => `exported ${what} with others`,
  BREAK_GLASS: (what) => `looked at ${what} in an emergency, beyond what their roles permit`,
  CREATE: (what) => `created ${what}`,
  UPDATE: (what) => `changed ${what}`,
  DELETE: (what) => `removed ${what}`,
  RESTORE: (what) => `restored ${what}`,
  ACCESS_DENIED: (what) => `tried to reach ${what} and was refused`,
};

/** Who looked at or changed my record and what belongs to it, when and why: the ledger's entries, in the member's words. */
@Injectable()
export class AccessLogService {
  constructor(private readonly trail: TrailService) {}

  async list(context: RequestContext, query: RecordTrailQuery): Promise<z.infer<typeof AccessLogPage>> {
    const own = { tableName: 'members', id: ownId(context) };
    const page = await this.trail.ofBelongings(context, own, memberRecordsFunction, query, 'access log');
    const items = page.items.map((entry): AccessLogItem => ({
      id: entry.id,
      at: entry.changedAt,
      by: entry.changedBy?.email ?? 'the system',
      roles: entry.changedBy?.roles ?? [],
      what: whatHappened(entry),
      reason: entry.reason,
      changedFields: entry.changedFields,
    }));
    return { items, nextCursor: page.nextCursor };
  }
}

function whatHappened({ action, tableName, notes }: AuditLogItem): string {
  const what = memberRecords[tableName ?? ''] ?? 'the record';
  return notes === 'content' ? `downloaded ${what}` : (sentences[action]?.(what) ?? action);
}
