import { Injectable } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import { scopeOf, type Permission } from '#access';
import { auditedDecision } from '#audit';
import { DomainError, encodeCursor, sortOfCursor } from '#kernel';
import { RequestContext, type Actor } from '#platform/context';
import { Database, longStatementMs, snake } from '#platform/database';
import { Rendered } from '#platform/http';
import { Idempotency } from './idempotency';
import { conditions, containsCondition, containsPage, prefixPage, searchCondition, sortedPage, type ListSql } from './list-sql';
import { projection, visibleFields } from './projection';
import type { Bind, ListQuery, Resource } from './resource';

interface ViewRow {
  id: number;
  version: string;
  json: string;
}

/** Runs before the AFTER triggers of the same statement, and so tells them who acts without a second round trip. */
const attributed = (placeholder: string) => `set_config('ip2a.context', ${placeholder}, true) IS NULL AS attributed`;

/**
 * How declared resources are read and written. A view is rendered and its disclosure noted in one step, so neither can
 * happen alone; a change is one audited statement; both see only the rows in the actor's scope.
 */
@Injectable()
export class Records {
  private readonly projections = new Map<Resource, Map<string, string>>();
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
  ) {}

  /** One record by its id, or by other columns with one match. 404 when absent, deleted or outside the actor's scope. */
  async get(
    resource: Resource,
    by: number | Record<string, unknown>,
    deleted: ListQuery['deleted'] = 'exclude',
  ): Promise<Rendered> {
    const key = typeof by === 'number' ? { id: by } : by;
    const { metadata, actor, values, bind } = this.begin(resource);
    const where = [
      ...Object.entries(key).map(([property, value]) => `t.${snake(property)} = ${bind(value)}`),
      ...this.rows(resource, metadata, actor, readPermission(resource), bind, deleted),
    ];
    const [found] = await this.database.query<ViewRow>(
      `SELECT t.id, t.audit_ref AS version, ${this.projection(resource, metadata, actor)} AS json
       FROM ${metadata.tableName} t${conditions(where)}`,
      values,
    );
    if (!found) throw this.notFound(resource, metadata, actor, typeof by === 'number' ? by : undefined);
    return this.disclosed(metadata, found);
  }

  /** A page of records. What it shows, and what was asked for, is noted as one disclosure. */
  async list(resource: Resource, query: ListQuery): Promise<Rendered> {
    const searches = query.q && !query.sort && resource.search;
    const continuesContains = query.cursor && sortOfCursor(query.cursor)?.startsWith('c:');
    let page = searches ? (continuesContains ? containsPage : prefixPage) : sortedPage;
    let rows = await this.page(resource, query, page);
    if (page === prefixPage && rows.items.length === 0 && !query.cursor && resource.contains) {
      page = containsPage;
      rows = await this.page(resource, query, page);
    }
    const total = query.count === 'true' ? await this.count(resource, query, page === containsPage) : undefined;
    const { metadata } = this.begin(resource);
    RequestContext.current().disclose({
      tableName: metadata.tableName,
      ids: rows.items.map((row) => row.id),
      list: true,
      filters: { ...query },
    });
    const next = rows.nextCursor ? `"${rows.nextCursor}"` : 'null';
    const sum = total === undefined ? '' : `,"total":${total}`;
    return new Rendered(`{"items":[${rows.items.map((row) => row.json).join(',')}],"nextCursor":${next}${sum}}`);
  }

  /** The ids of every record that matches, in the order of the list; for an export, which names them all before it begins. */
  async ids(resource: Resource, query: ListQuery): Promise<number[]> {
    const { metadata, actor, values, bind } = this.begin(resource);
    const where = this.filtered(resource, metadata, actor, query, bind);
    if (query.q) where.push(searchCondition(resource, query.q, bind));
    const rows = await this.database.query<{ id: number }>(
      `SELECT t.id FROM ${metadata.tableName} t${conditions(where)} ORDER BY t.id`,
      values,
      longStatementMs,
    );
    return rows.map((row) => row.id);
  }

  /** The visible fields of the given records, as objects, in the order of `ids`. The caller has noted the disclosure. */
  async values(resource: Resource, ids: number[]): Promise<Record<string, unknown>[]> {
    const { metadata, actor } = this.begin(resource);
    const rows = await this.database.query<ViewRow>(
      `SELECT t.id, ${this.projection(resource, metadata, actor)} AS json
       FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (id, place)
       JOIN ${metadata.tableName} t ON t.id = wanted.id ORDER BY wanted.place`,
      [ids],
      longStatementMs,
    );
    return rows.map((row) => JSON.parse(row.json) as Record<string, unknown>);
  }

  visibleFields(resource: Resource): string[] {
    return visibleFields(resource, actorOf(RequestContext.current()));
  }

  /**
   * Creates a record and shows it. `also` creates what belongs to it in the same transaction. With an idempotency key, a
   * repeated request shows the record of the first one; the same key on another request is a 422. `request` is what the
   * client sent, where that is not the record itself.
   */
  async create(
    resource: Resource,
    record: object,
    { also, request = record }: { also?: (id: number) => Promise<void>; request?: object } = {},
  ): Promise<Rendered> {
    const { idempotencyKey } = RequestContext.current();
    if (idempotencyKey === undefined && !also) return this.insert(resource, record);
    return this.database.transaction(async () => {
      const earlier = await this.idempotency.earlier(request);
      if (earlier !== undefined) {
        const { json, version } = await this.get(resource, earlier);
        return new Rendered(json, { version, createdId: earlier });
      }
      const created = await this.insert(resource, record);
      const id = created.createdId as number;
      await also?.(id);
      await this.idempotency.keep(request, id);
      if (!also) return created;
      const { json, version } = await this.render(resource, id);
      return new Rendered(json, { version, createdId: id });
    });
  }

  /**
   * Changes the given fields and shows the record. `ifMatch` are versions it may have (412 otherwise). A change that
   * changes nothing by value writes no entry of change; showing the record is then a read.
   */
  async update(resource: Resource, id: number, patch: object, ifMatch?: string[]): Promise<Rendered> {
    const fields = Object.entries(patch).filter(([, value]) => value !== undefined);
    this.refuseFields(resource, fields.map(([field]) => field), id);
    const { metadata, actor, values, bind } = this.begin(resource);
    if (fields.length > 0) {
      const set = fields.map(([property, value]) => `${snake(property)} = ${bind(value)}`);
      const updated = await this.change(resource, id, set, ifMatch, { metadata, actor, values, bind });
      if (updated) return new Rendered(updated.json, { version: updated.version });
    }
    const unchanged = await this.get(resource, id);
    refuseStale(unchanged, ifMatch);
    return unchanged;
  }

  /** Removes a record: softly where its table can, for good otherwise. */
  async remove(resource: Resource, id: number, ifMatch?: string[]): Promise<void> {
    const { metadata, actor, values, bind } = this.begin(resource);
    if (metadata.deleteDateColumn) {
      if (await this.change(resource, id, ['deleted_at = now()'], ifMatch, { metadata, actor, values, bind })) return;
    } else {
      const where = this.target(resource, metadata, actor, id, ifMatch, bind);
      const [removed] = await this.database.query<ViewRow>(
        `DELETE FROM ${metadata.tableName} t WHERE ${where.join(' AND ')}
         RETURNING t.id, ${attributed(bind(RequestContext.current().attribution()))}`,
        values,
      );
      if (removed) return;
    }
    await this.refuseMissing(resource, id, ifMatch);
  }

  /** Throws 404 unless the actor may see this record, deleted or not. Shows and notes nothing. */
  async mustBeVisible(resource: Resource, id: number): Promise<void> {
    const { metadata, actor, values, bind } = this.begin(resource);
    const deleted = scopeOf(actor, 'deleted:read') ? 'include' : 'exclude';
    const where = [`t.id = ${bind(id)}`, ...this.rows(resource, metadata, actor, readPermission(resource), bind, deleted)];
    const found = await this.database.query(`SELECT 1 FROM ${metadata.tableName} t${conditions(where)}`, values);
    if (found.length === 0) throw this.notFound(resource, metadata, actor, id);
  }

  /** Undoes a soft delete and shows the record. 409 when it is not deleted. */
  async restore(resource: Resource, id: number): Promise<Rendered> {
    const { metadata, actor, values, bind } = this.begin(resource);
    const [restored] = await this.database.query<ViewRow>(
      `UPDATE ${metadata.tableName} t SET deleted_at = NULL WHERE t.id = ${bind(id)} AND t.deleted_at IS NOT NULL
       RETURNING t.id, t.audit_ref AS version, ${this.projection(resource, metadata, actor)} AS json,
         ${attributed(bind(RequestContext.current().attribution()))}`,
      values,
    );
    if (restored) return new Rendered(restored.json, { version: restored.version });
    await this.refuseMissing(resource, id);
    throw new DomainError('record.not-deleted', `This ${resource.noun} is not deleted, so there is nothing to restore.`);
  }

  /**
   * Creates many records in one statement inside the open transaction, skipping those whose `key` is taken, and returns
   * the keys that were created. For imports.
   */
  async createMany(resource: Resource, key: string, records: object[]): Promise<Set<string>> {
    const metadata = this.metadataOf(resource);
    const columns = metadata.columns.filter((column) => records.some((record) => column.propertyName in record));
    const names = columns.map((column) => snake(column.databaseName));
    const types = columns.map((column) => `"${column.propertyName}" ${sqlType(column.type)}`);
    const sources = columns.map((column) => `r."${column.propertyName}"`);
    const rows = await this.database.query<{ key: string }>(
      `INSERT INTO ${metadata.tableName} (${names.join(', ')})
       SELECT ${sources.join(', ')} FROM json_to_recordset($1::json) AS r (${types.join(', ')})
       ON CONFLICT (${snake(key)}) DO NOTHING RETURNING ${snake(key)} AS key`,
      [JSON.stringify(records)],
      longStatementMs,
    );
    return new Set(rows.map((row) => row.key));
  }

  private async insert(resource: Resource, record: object): Promise<Rendered> {
    const { metadata, actor, values, bind } = this.begin(resource);
    const fields = Object.entries(record).filter(([, value]) => value !== undefined);
    const columns = fields.map(([property]) => snake(property));
    const placeholders = fields.map(([, value]) => bind(value));
    const [created] = await this.database.query<ViewRow>(
      `INSERT INTO ${metadata.tableName} AS t (${columns.join(', ')}) VALUES (${placeholders.join(', ')})
       RETURNING t.id, t.audit_ref AS version, ${this.projection(resource, metadata, actor)} AS json,
         ${attributed(bind(RequestContext.current().attribution()))}`,
      values,
    );
    if (!created) throw new Error(`INSERT INTO ${metadata.tableName} returned no row.`);
    return new Rendered(created.json, { version: created.version, createdId: created.id });
  }

  /** The view of a record this request has just changed: the entry of the change is the entry of its disclosure. */
  private async render(resource: Resource, id: number): Promise<ViewRow> {
    const { metadata, actor } = this.begin(resource);
    const [row] = await this.database.query<ViewRow>(
      `SELECT t.id, t.audit_ref AS version, ${this.projection(resource, metadata, actor)} AS json
       FROM ${metadata.tableName} t WHERE t.id = $1`,
      [id],
    );
    if (!row) throw new Error(`${metadata.tableName} lost the record it has just created.`);
    return row;
  }

  private async page(resource: Resource, query: ListQuery, build: typeof sortedPage) {
    const { metadata, actor, values, bind } = this.begin(resource);
    const where = this.filtered(resource, metadata, actor, query, bind);
    if (query.q && build === sortedPage) where.push(searchCondition(resource, query.q, bind));
    const list: ListSql = build(resource, query, {
      table: metadata.tableName,
      projection: this.projection(resource, metadata, actor),
      where,
      bind,
    });
    const rows = await this.database.query<ViewRow & Record<`k${number}`, string>>(list.sql, values);
    const items = rows.slice(0, query.limit);
    const last = items.at(-1);
    const more = rows.length > query.limit && last;
    const keys = () => Array.from({ length: list.keyCount }, (_, index) => String(last?.[`k${index}`]));
    return { items, nextCursor: more ? encodeCursor({ sort: list.sort, keys: keys() }) : null };
  }

  private async count(resource: Resource, query: ListQuery, anywhere: boolean): Promise<number> {
    const { metadata, actor, values, bind } = this.begin(resource);
    const where = this.filtered(resource, metadata, actor, query, bind);
    if (query.q) where.push((anywhere ? containsCondition : searchCondition)(resource, query.q, bind));
    const [row] = await this.database.query<{ total: number }>(
      `SELECT count(*)::integer AS total FROM ${metadata.tableName} t${conditions(where)}`,
      values,
    );
    return row?.total ?? 0;
  }

  private async change(
    resource: Resource,
    id: number,
    set: string[],
    ifMatch: string[] | undefined,
    { metadata, actor, values, bind }: ReturnType<Records['begin']>,
  ): Promise<ViewRow | undefined> {
    const where = this.target(resource, metadata, actor, id, ifMatch, bind);
    const [changed] = await this.database.query<ViewRow>(
      `UPDATE ${metadata.tableName} t SET ${set.join(', ')} WHERE ${where.join(' AND ')}
       RETURNING t.id, t.audit_ref AS version, ${this.projection(resource, metadata, actor)} AS json,
         ${attributed(bind(RequestContext.current().attribution()))}`,
      values,
    );
    return changed;
  }

  private target(
    resource: Resource,
    metadata: EntityMetadata,
    actor: Actor,
    id: number,
    ifMatch: string[] | undefined,
    bind: Bind,
  ): string[] {
    const where = [`t.id = ${bind(id)}`, ...this.rows(resource, metadata, actor, resource.writePermission, bind, 'exclude')];
    if (ifMatch) where.push(`t.audit_ref = ANY (${bind(ifMatch)}::bigint[])`);
    return where;
  }

  /** Explains why a statement met no row: absent (404) or of another version (412). Shows nothing of the record. */
  private async refuseMissing(resource: Resource, id: number, ifMatch?: string[]): Promise<void> {
    const { metadata, actor, values, bind } = this.begin(resource);
    const where = [`t.id = ${bind(id)}`, ...this.rows(resource, metadata, actor, resource.writePermission, bind, 'exclude')];
    const [found] = await this.database.query<{ version: string }>(
      `SELECT t.audit_ref AS version FROM ${metadata.tableName} t${conditions(where)}`,
      values,
    );
    if (!found) throw this.notFound(resource, metadata, actor, id);
    if (ifMatch && !ifMatch.includes(found.version)) throw stale();
  }

  private filtered(resource: Resource, metadata: EntityMetadata, actor: Actor, query: ListQuery, bind: Bind): string[] {
    const where = this.rows(resource, metadata, actor, readPermission(resource), bind, query.deleted);
    for (const [name, filter] of Object.entries(resource.filters ?? {})) {
      if (query[name] !== undefined) where.push(filter(query[name] as never, bind));
    }
    return where;
  }

  /** The rows an actor may meet: those of the scope, without the soft-deleted unless asked for by one who may. */
  private rows(
    resource: Resource,
    metadata: EntityMetadata,
    actor: Actor,
    permission: Permission,
    bind: Bind,
    deleted: ListQuery['deleted'],
  ): string[] {
    const where: string[] = [];
    if (metadata.deleteDateColumn) {
      if (deleted !== 'exclude' && !scopeOf(actor, 'deleted:read')) {
        throw new DomainError('access.denied', 'Your roles do not permit to see deleted records.');
      }
      if (deleted === 'exclude') where.push('t.deleted_at IS NULL');
      if (deleted === 'only') where.push('t.deleted_at IS NOT NULL');
    }
    const scope = scopeOf(actor, permission);
    if (scope !== 'all') where.push((scope && resource.scopes?.[scope]?.(actor, bind)) ?? 'false');
    return where;
  }

  private refuseFields(resource: Resource, fields: string[], id: number): void {
    const scope = scopeOf(actorOf(RequestContext.current()), resource.writePermission);
    if (scope === 'all') return;
    const writable = (scope && resource.writable?.[scope]) ?? [];
    const refused = fields.filter((field) => !writable.includes(field));
    if (refused.length === 0) return;
    const { tableName } = this.metadataOf(resource);
    throw new DomainError('access.field-denied', `You may change ${writable.join(', ')} only.`, {
      errors: refused.map((field) => ({ pointer: `/${field}`, message: 'You may not change this field.' })),
      refused: { tableName, recordId: id },
    });
  }

  private disclosed(metadata: EntityMetadata, found: ViewRow): Rendered {
    RequestContext.current().disclose({ tableName: metadata.tableName, ids: [found.id], list: false });
    return new Rendered(found.json, { version: found.version });
  }

  /** 404; for an actor with a narrow scope it may hide a refusal, so it goes on record as one. */
  private notFound(resource: Resource, metadata: EntityMetadata, actor: Actor, id?: number): DomainError {
    const narrow = scopeOf(actor, readPermission(resource)) !== 'all';
    return new DomainError('record.not-found', `There is no such ${resource.noun}.`, {
      refused: narrow ? { tableName: metadata.tableName, recordId: id } : undefined,
    });
  }

  private begin(resource: Resource) {
    const values: unknown[] = [];
    const bind: Bind = (value) => `$${values.push(value)}`;
    return { metadata: this.metadataOf(resource), actor: actorOf(RequestContext.current()), values, bind };
  }

  private metadataOf(resource: Resource): EntityMetadata {
    return this.database.dataSource.getMetadata(resource.entity);
  }

  /** Projections depend on which restricted fields are visible, so there are few of each resource. */
  private projection(resource: Resource, metadata: EntityMetadata, actor: Actor): string {
    let variants = this.projections.get(resource);
    if (!variants) this.projections.set(resource, (variants = new Map()));
    const key = actor.roles.join();
    let sql = variants.get(key);
    if (!sql) variants.set(key, (sql = projection(resource, metadata, actor)));
    return sql;
  }
}

function readPermission(resource: Resource): Permission {
  return auditedDecision(resource.entity).read;
}

function actorOf(context: RequestContext): Actor {
  if (!context.actor) throw new DomainError('auth.required', 'Records are read and changed by somebody.');
  return context.actor;
}

function refuseStale(current: Rendered, ifMatch?: string[]): void {
  if (ifMatch && !ifMatch.includes(current.version ?? '')) throw stale();
}

function stale(): DomainError {
  return new DomainError('record.stale-version', 'Read the record again and repeat your change on what it says now.');
}

function sqlType(type: unknown): string {
  if (type === Number) return 'integer';
  if (type === Boolean) return 'boolean';
  return typeof type === 'string' ? type : 'text';
}

