import { holds, scopeOf } from '#access';
import { auditedDecision } from '#audit';
import { DomainError } from '#kernel';
import type { Statement } from './statement';

/** What was given: absent fields stay as they are. */
export function given(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Refuses fields that the actor's scope may not change, or that they may not see: 403, on record. */
export function refuseFields({ actor, resource, table }: Statement, sent: object, id?: number): void {
  const scope = scopeOf(actor, resource.writePermission);
  // Whom a record may be created for is the operation's and its service's to say; what may be in it is said here.
  const isFree = scope === 'all' || id === undefined;
  const writable = isFree ? undefined : ((scope && resource.writable?.[scope]) ?? []);
  const { restricted = {} } = auditedDecision(resource.entity);
  const refused = Object.keys(given(sent)).filter((field) => {
    const further = restricted[field];
    const isMine = writable?.includes(field) ?? true;
    return !isMine || (further !== undefined && !holds(actor, further));
  });
  if (refused.length === 0) return;
  const detail = writable ? `You may change ${writable.join(', ')} only.` : 'These fields are not yours to change.';
  throw new DomainError('access.field-denied', detail, {
    errors: refused.map((field) => ({ pointer: `/${field}`, message: 'You may not change this field.' })),
    refused: { tableName: table, recordId: id },
  });
}
