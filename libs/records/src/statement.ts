import type { EntityMetadata } from 'typeorm';
import { scopeOf, type Permission } from '#access';
import { auditedDecision } from '#audit';
import { DomainError } from '#kernel';
import type { Actor, RequestContext } from '#platform/context';
import { normalForm, snake, type Database } from '#platform/database';
import { projection } from './projection';
import { referencesOf, type Reference } from './references';
import type { Bind, ListQuery, Resource } from './resource';

/** A row as a view shows it: its id, its version, and the JSON text that PostgreSQL rendered. */
export interface ViewRow {
  id: number;
  version: string;
  json: string;
  /** The id of the entry that last changed the row, where `version` is made of more than that. */
  rowVersion?: string;
  /** Of cached resources: when the row was last changed, in µs since the epoch. */
  changedAt?: string;
  /** Where a statement asked for it. */
  deleted?: boolean;
}

/** Projections depend on which restricted fields are visible, so there are few of each resource. */
const projections = new WeakMap<Resource, Map<string, string>>();

/**
 * One statement over a resource for the actor of the context: its values, its projection, and the conditions that keep it
 * to the rows the actor may meet. In its SQL, `t` is the row.
 */
export class Statement {
  readonly values: unknown[] = [];
  readonly metadata: EntityMetadata;
  readonly actor: Actor;
  readonly bind: Bind = (value) => `$${this.values.push(value)}`;

  constructor(
    readonly context: RequestContext,
    readonly resource: Resource,
    database: Database,
  ) {
    this.metadata = database.dataSource.getMetadata(resource.entity);
    this.actor = actorOf(context);
  }

  get table(): string {
    return this.metadata.tableName;
  }

  get readPermission(): Permission {
    return this.resource.readPermission ?? auditedDecision(this.resource.entity).read;
  }

  /** What SELECT and RETURNING hold to make a ViewRow. */
  get view(): string {
    const { cache, version } = this.resource;
    const ownVersion = version ? ', t.audit_ref AS "rowVersion"' : '';
    const changedAt = cache ? ', changed_at_us(t.updated_at) AS "changedAt"' : '';
    return `t.id, ${this.version} AS version${ownVersion}, ${this.projection} AS json${changedAt}`;
  }

  /** The same for rows of a list, of which nobody asks for more than what was shown. */
  get listed(): string {
    return `t.id, t.audit_ref AS version, ${this.projection} AS json`;
  }

  get version(): string {
    return this.resource.version ?? 't.audit_ref';
  }

  get projection(): string {
    let variants = projections.get(this.resource);
    if (!variants) projections.set(this.resource, (variants = new Map<string, string>()));
    const key = `${this.actor.roles.join()}${this.actor.breaksGlass ? ' and break-glass' : ''}`;
    let sql = variants.get(key);
    if (!sql) variants.set(key, (sql = projection(this.resource, this.metadata, this.actor)));
    return sql;
  }

  /** Columns equal to the given values. */
  matching(key: Record<string, unknown>): string[] {
    return Object.entries(key).map(([property, value]) => {
      const same = (sql: string) => normalForm(this.metadata, property, sql);
      return `${same(`t.${snake(property)}`)} = ${same(this.bind(value))}`;
    });
  }

  /** The rows an actor may meet: those of the scope, without the soft-deleted unless asked for by one who may (`any` does not ask). */
  rows(permission: Permission, deleted: ListQuery['deleted'] | 'any' = 'exclude'): string[] {
    const where: string[] = [];
    if (this.metadata.deleteDateColumn) {
      if ((deleted === 'include' || deleted === 'only') && !scopeOf(this.actor, 'deleted:read')) {
        throw new DomainError('access.denied', 'Your roles do not permit to see deleted records.');
      }
      if (deleted === 'exclude') where.push('t.deleted_at IS NULL');
      if (deleted === 'only') where.push('t.deleted_at IS NOT NULL');
    }
    const scope = scopeOf(this.actor, permission);
    if (scope !== 'all') where.push((scope && this.resource.scopes?.[scope]?.(this.actor, this.bind)) ?? 'false');
    return where;
  }

  /** The live row that may be changed, if it still has one of the given versions. */
  target(id: number, ifMatch: string[] | undefined, permission: Permission = this.resource.writePermission): string {
    const where = [...this.matching({ id }), ...this.rows(permission)];
    if (ifMatch) where.push(`${this.version} = ANY (${this.bind(ifMatch)}::bigint[])`);
    return where.join(' AND ');
  }

  /**
   * The values to write. 422 before anything else where foreign keys among them name no record in
   * use; those that do stay in use until the commit.
   */
  referring(values: Record<string, unknown>): Record<string, unknown> {
    const references = this.references(values).map((reference) => ({
      ...reference,
      sql: `${this.bind(values[reference.property])}::integer`,
    }));
    const [first] = references;
    return first ? { ...values, [first.property]: onceInUse(references, first.sql) } : values;
  }

  /** The foreign keys among the values that name something. */
  references(values: Record<string, unknown>): Reference[] {
    return referencesOf(this.metadata).filter(({ property }) => (values[property] ?? null) !== null);
  }

  /** The same for a row that comes back into use. */
  get restored(): Record<string, unknown> {
    const references = referencesOf(this.metadata).map((reference) => ({
      ...reference,
      sql: `t.${snake(reference.property)}`,
    }));
    return { deletedAt: references.length ? onceInUse(references, 'NULL::timestamptz') : null };
  }

  /** 404; for an actor with a narrow scope it may hide a refusal, so it goes on record as one. */
  notFound(id?: number): DomainError {
    const isNarrow = scopeOf(this.actor, this.readPermission) !== 'all' || this.actor.breaksGlass;
    return new DomainError('record.not-found', `There is no such ${this.resource.noun}.`, {
      refused: isNarrow ? { tableName: this.table, recordId: id } : undefined,
    });
  }
}

/** SQL of a value that is computed where all references name records in use. */
function onceInUse(references: readonly (Reference & { sql: string })[], value: string): () => string {
  const missing = references.map(
    ({ property, table, sql }) =>
      `CASE WHEN ${sql} IS NULL OR EXISTS (SELECT FROM ${table} r WHERE r.id = ${sql} AND r.deleted_at IS NULL FOR SHARE)
        THEN NULL ELSE '${property}' END`,
  );
  return () => `CASE WHEN references_in_use(ARRAY[${missing.join(', ')}]) THEN ${value} END`;
}

/** What an entry says was shown of the row. */
export function shownVersion({ rowVersion, version }: Pick<ViewRow, 'rowVersion' | 'version'>): string {
  return rowVersion ?? version;
}

export function actorOf({ actor }: RequestContext): Actor {
  if (!actor) throw new DomainError('auth.required', 'Records are read and changed by somebody.');
  return actor;
}

export function conditions(where: string[]): string {
  return where.length ? ` WHERE ${where.join(' AND ')}` : '';
}
