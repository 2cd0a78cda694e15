import { Injectable } from '@nestjs/common';
import { scopeOf } from '#access';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, snake } from '#platform/database';
import { Rendered } from '#platform/http';
import { Idempotency } from './idempotency';
import type { ListQuery, Resource } from './resource';
import { actorOf, conditions, Statement, type ViewRow } from './statement';

/**
 * How single records of a declared resource are read and written. A view is rendered and its disclosure noted in one step,
 * so neither can happen alone; a change is one audited statement; both meet only the rows in the actor's scope.
 */
@Injectable()
export class Records {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
  ) {}

  /** One record by its id, or by other columns with one match. 404 when absent, deleted or outside the actor's scope. */
  async get(
    context: RequestContext,
    resource: Resource,
    by: number | Record<string, unknown>,
    deleted: ListQuery['deleted'] = 'exclude',
  ): Promise<Rendered> {
    const key = typeof by === 'number' ? { id: by } : by;
    const statement = this.statement(context, resource);
    const where = [...statement.matching(key), ...statement.rows(statement.readPermission, deleted)];
    const found = await this.one(statement, `SELECT ${statement.view} FROM ${statement.table} t${conditions(where)}`);
    if (!found) throw statement.notFound(typeof by === 'number' ? by : undefined);
    context.disclose({ tableName: statement.table, ids: [found.id], list: false });
    return new Rendered(found.json, { version: found.version });
  }

  /** Throws 404 unless the actor may see this record, deleted or not; 412 if it has another version. Shows and notes nothing. */
  async mustBeVisible(context: RequestContext, resource: Resource, id: number, ifMatch?: string[]): Promise<void> {
    const statement = this.statement(context, resource);
    const deleted = scopeOf(statement.actor, 'deleted:read') ? 'include' : 'exclude';
    const where = [...statement.matching({ id }), ...statement.rows(statement.readPermission, deleted)];
    const found = await this.one(
      statement,
      `SELECT t.id, ${statement.version} AS version FROM ${statement.table} t${conditions(where)}`,
    );
    if (!found) throw statement.notFound(id);
    if (ifMatch && !ifMatch.includes(found.version)) throw stale();
  }

  /**
   * Creates a record and shows it. `also` creates what belongs to it in the same transaction. With an idempotency key, a
   * repeated request shows the record of the first one; the same key on another request is a 422. `request` is what the
   * client sent, where that is not the record itself.
   */
  async create(
    context: RequestContext,
    resource: Resource,
    record: object,
    { also, request = record }: { also?: (id: number) => Promise<void>; request?: object } = {},
  ): Promise<Rendered> {
    if (context.idempotencyKey === undefined && !also) return this.insert(context, resource, record);
    return this.database.transaction(context, async () => {
      const earlier = await this.idempotency.earlier(context, request);
      if (earlier !== undefined) {
        const { json, version } = await this.get(context, resource, earlier);
        return new Rendered(json, { version, createdId: earlier });
      }
      const created = await this.insert(context, resource, record);
      const id = created.createdId as number;
      await also?.(id);
      await this.idempotency.keep(context, request, id);
      return also ? this.renderCreated(context, resource, id) : created;
    });
  }

  /**
   * Changes the given fields and shows the record. `ifMatch` are versions it may have (412 otherwise). A change that
   * changes nothing by value writes no entry of change; showing the record is then a read.
   */
  async update(
    context: RequestContext,
    resource: Resource,
    id: number,
    patch: object,
    ifMatch?: string[],
  ): Promise<Rendered> {
    const fields = Object.entries(patch).filter(([, value]) => value !== undefined);
    this.refuseFields(context, resource, id, Object.keys(Object.fromEntries(fields)));
    if (fields.length > 0) {
      const statement = this.statement(context, resource);
      const set = fields.map(([property, value]) => `${snake(property)} = ${statement.bind(value)}`);
      const updated = await this.change(statement, id, set, ifMatch);
      if (updated) return new Rendered(updated.json, { version: updated.version });
    }
    const unchanged = await this.get(context, resource, id);
    if (ifMatch && !ifMatch.includes(unchanged.version ?? '')) throw stale();
    return unchanged;
  }

  /** Removes a record: softly where its table can, for good otherwise. */
  async remove(context: RequestContext, resource: Resource, id: number, ifMatch?: string[]): Promise<void> {
    const statement = this.statement(context, resource);
    const removed = statement.metadata.deleteDateColumn
      ? await this.change(statement, id, ['deleted_at = now()'], ifMatch)
      : await this.one(
          statement,
          `DELETE FROM ${statement.table} t WHERE ${statement.target(id, ifMatch)} RETURNING t.id, ${statement.attribution}`,
        );
    if (!removed) await this.refuseMissing(context, resource, id, ifMatch);
  }

  /** Undoes a soft delete and shows the record. 409 when it is not deleted. */
  async restore(context: RequestContext, resource: Resource, id: number): Promise<Rendered> {
    const statement = this.statement(context, resource);
    const where = [...statement.matching({ id }), 't.deleted_at IS NOT NULL'];
    const restored = await this.one(
      statement,
      `UPDATE ${statement.table} t SET deleted_at = NULL${conditions(where)}
       RETURNING ${statement.view}, ${statement.attribution}`,
    );
    if (restored) return new Rendered(restored.json, { version: restored.version });
    await this.refuseMissing(context, resource, id);
    throw new DomainError(
      'record.not-deleted',
      `This ${resource.noun} is not deleted, so there is nothing to restore.`,
    );
  }

  private async insert(context: RequestContext, resource: Resource, record: object): Promise<Rendered> {
    const statement = this.statement(context, resource);
    const fields = Object.entries(record).filter(([, value]) => value !== undefined);
    const columns = fields.map(([property]) => snake(property));
    const placeholders = fields.map(([, value]) => statement.bind(value));
    const created = await this.one(
      statement,
      `INSERT INTO ${statement.table} AS t (${columns.join(', ')}) VALUES (${placeholders.join(', ')})
       RETURNING ${statement.view}, ${statement.attribution}`,
    );
    if (!created) throw new Error(`INSERT INTO ${statement.table} returned no row.`);
    return new Rendered(created.json, { version: created.version, createdId: created.id });
  }

  /** The view of a record this request has just created: the entry of the creation is the entry of its disclosure. */
  private async renderCreated(context: RequestContext, resource: Resource, id: number): Promise<Rendered> {
    const statement = this.statement(context, resource);
    const where = conditions(statement.matching({ id }));
    const row = await this.one(statement, `SELECT ${statement.view} FROM ${statement.table} t${where}`);
    if (!row) throw new Error(`${statement.table} lost the record it has just created.`);
    return new Rendered(row.json, { version: row.version, createdId: id });
  }

  private change(
    statement: Statement,
    id: number,
    set: string[],
    ifMatch: string[] | undefined,
  ): Promise<ViewRow | undefined> {
    return this.one(
      statement,
      `UPDATE ${statement.table} t SET ${set.join(', ')} WHERE ${statement.target(id, ifMatch)}
       RETURNING ${statement.view}, ${statement.attribution}`,
    );
  }

  /** Explains why a statement met no row: absent (404) or of another version (412). Shows nothing of the record. */
  private async refuseMissing(
    context: RequestContext,
    resource: Resource,
    id: number,
    ifMatch?: string[],
  ): Promise<void> {
    const statement = this.statement(context, resource);
    const target = statement.target(id, undefined);
    const found = await this.one(
      statement,
      `SELECT t.id, ${statement.version} AS version, '' AS json FROM ${statement.table} t WHERE ${target}`,
    );
    if (!found) throw statement.notFound(id);
    if (ifMatch && !ifMatch.includes(found.version)) throw stale();
  }

  /** Refuses fields that the actor's scope may not change: 403, on record. */
  private refuseFields(context: RequestContext, resource: Resource, id: number, fields: string[]): void {
    const scope = scopeOf(actorOf(context), resource.writePermission);
    if (scope === 'all') return;
    const writable = (scope && resource.writable?.[scope]) ?? [];
    const refused = fields.filter((field) => !writable.includes(field));
    if (refused.length === 0) return;
    throw new DomainError('access.field-denied', `You may change ${writable.join(', ')} only.`, {
      errors: refused.map((field) => ({ pointer: `/${field}`, message: 'You may not change this field.' })),
      refused: { tableName: this.statement(context, resource).table, recordId: id },
    });
  }

  private statement(context: RequestContext, resource: Resource): Statement {
    return new Statement(context, resource, this.database);
  }

  private async one(statement: Statement, sql: string): Promise<ViewRow | undefined> {
    const [row] = await this.database.query<ViewRow>(statement.context, sql, statement.values);
    return row;
  }
}

function stale(): DomainError {
  return new DomainError('record.stale-version', 'Read the record again and repeat your change on what it says now.');
}
