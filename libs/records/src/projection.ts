import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { holds, scopeOf } from '#access';
import { auditedDecision } from '#audit';
import type { Actor } from '#platform/context';
import { snake } from '#platform/database';
import type { Resource } from './resource';

/** The name under which a row stands in the SQL of this library and of resources. */
const row = 't';

/**
 * The view of a resource as PostgreSQL renders it: JSON text in the order of the view's fields, without those the actor
 * may not see. One rendering for reads, lists and writes, so that they can not differ.
 */
export function projection(resource: Resource, metadata: EntityMetadata, actor: Actor): string {
  const fields = visibleFields(resource, actor).map((field) => `${fieldSql(resource, metadata, field)} AS "${field}"`);
  return `(SELECT row_to_json(v)::text FROM (SELECT ${fields.join(', ')}) v)`;
}

export function visibleFields(resource: Resource, actor: Actor): string[] {
  return Object.keys(resource.view.shape).filter((field) => isVisible(resource, actor, field));
}

/** Whether the actor may see a field of the view. What is no field of it hides nothing. */
export function isVisible({ entity, visible, readPermission }: Resource, actor: Actor, field: string): boolean {
  const { read, restricted } = auditedDecision(entity);
  const scope = scopeOf(actor, readPermission ?? read);
  const further = restricted?.[field];
  const inScope = scope === undefined ? undefined : visible?.[scope];
  return (!further || holds(actor, further)) && (!inScope || inScope.includes(field));
}

function fieldSql(resource: Resource, metadata: EntityMetadata, field: string): string {
  const derived = resource.derived?.[field];
  if (derived) return derived;
  const column = metadata.findColumnWithPropertyName(field);
  if (!column) throw new Error(`${metadata.name} has no column for the view's field ${field}.`);
  return columnSql(column);
}

/** Instants are RFC 3339 in UTC with microseconds; decimals are text, because a JSON number would lose digits. */
function columnSql(column: ColumnMetadata): string {
  const name = `${row}.${snake(column.databaseName)}`;
  if (column.type === 'timestamptz') return `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  if (column.type === 'numeric') return `${name}::text`;
  return name;
}
