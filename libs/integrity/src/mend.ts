import { IsNull, Not, type EntityManager, type FindOptionsWhere, type ObjectLiteral } from 'typeorm';
import { now } from '#platform/database';
import { QuarantinedRecord } from './quarantined-record.entity';

/** Changes the record with this id, in the open transaction of the manager. */
export type Mend = (manager: EntityManager, id: number) => Promise<unknown>;

/** Sets properties of the record, if it meets `where` as well. */
export function set(table: string, values: ObjectLiteral, where: FindOptionsWhere<ObjectLiteral> = {}): Mend {
  return (manager, id) => manager.update(table, { ...where, id }, values);
}

export const removeAttachment = set('file_attachments', { deletedAt: now }, { deletedAt: IsNull() });

/**
 * Moves the whole row to the quarantined records. A row that was only marked as removed would still
 * violate its foreign key.
 */
export function quarantine(reason: string, table: string): Mend {
  return async (manager, id) => {
    const record = () => `(SELECT to_jsonb(t) FROM ${table} t WHERE t.id = ${id})`;
    await manager.insert(QuarantinedRecord, { tableName: table, recordId: String(id), record, reason });
    await manager.delete(table, { id });
  };
}

/** The employment stays the current one of the member; one that is not current any more cannot. */
export function keepCurrent(employment: number): Mend {
  return async (manager, memberId) => {
    const current = { memberId, isCurrent: true, endDate: IsNull() };
    const kept = await lockOne(manager, 'member_employments', { ...current, id: employment });
    if (kept) await manager.update('member_employments', { ...current, id: Not(employment) }, { isCurrent: false });
  };
}

/** Of the primary contacts of an organization the most recently updated one stays. */
export const keepLatestPrimary: Mend = async (manager, organizationId) => {
  const primary = { organizationId, isPrimary: true, deletedAt: IsNull() };
  const latest = await lockOne(manager, 'organization_contacts', primary, { updatedAt: 'DESC', id: 'DESC' });
  if (latest) await manager.update('organization_contacts', { ...primary, id: Not(latest.id) }, { isPrimary: false });
};

function lockOne(
  manager: EntityManager,
  table: string,
  where: FindOptionsWhere<ObjectLiteral>,
  order: Record<string, 'DESC'> = {},
): Promise<{ id: number } | null> {
  return manager.findOne<ObjectLiteral & { id: number }>(table, {
    select: { id: true },
    where,
    order,
    lock: { mode: 'pessimistic_write' },
  });
}
