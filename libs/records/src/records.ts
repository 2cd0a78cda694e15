import { Injectable } from '@nestjs/common';
import { scopeOf, type Permission } from '#access';
import { auditedDecision } from '#audit';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, now, RowWrites } from '#platform/database';
import { Rendered } from '#platform/http';
import { considerDependents, considerRefused } from './considered';
import { given, refuseFields } from './given-fields';
import { Idempotency } from './idempotency';
import { dependentsOf, type Dependent } from './references';
import type { ListQuery, Resource } from './resource';
import { RowLookUps } from './row-look-ups';
import { actorOf, conditions, shownVersion, Statement, type ViewRow } from './statement';

/**
 * How single records of a declared resource are read and written. A view is rendered and its disclosure noted in one step,
 * so neither can happen alone; a change is one audited statement; both meet only the rows in the actor's scope.
 */
@Injectable()
export class Records {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly lookUps: RowLookUps,
  ) {}

  /** One record by its id, or by other columns with one match. 404 when absent, deleted or outside the actor's scope. */
  async get(
    context: RequestContext,
    resource: Resource,
    by: number | Record<string, unknown>,
    deleted: ListQuery['deleted'] = 'exclude',
  ): Promise<Rendered> {
    const statement = this.statement(context, resource);
    const found =
      typeof by === 'number' && deleted === 'exclude' && this.lookUps.serves(statement, by)
        ? await this.lookUps.row(statement, by)
        : await this.inScope(statement, typeof by === 'number' ? { id: by } : by, deleted);
    if (!found) throw statement.notFound(typeof by === 'number' ? by : undefined);
    const { id, changedAt } = found;
    context.disclose({
      tableName: statement.table,
      ids: [id],
      versions: [shownVersion(found)],
      changedAt,
      list: false,
    });
    return new Rendered(found.json, { version: found.version });
  }

  /** One row, if it is in the actor's scope. */
  private inScope(
    statement: Statement,
    key: Record<string, unknown>,
    deleted: ListQuery['deleted'],
  ): Promise<ViewRow | undefined> {
    const where = [...statement.matching(key), ...statement.rows(statement.readPermission, deleted)];
    return this.one(statement, `SELECT ${statement.view} FROM ${statement.table} t${conditions(where)}`).then(
      (row) => row && { ...row, changedAt: undefined },
    );
  }

  /**
   * Throws 404 unless the actor may see this record, deleted or not; what was deleted for good is known by its entries to those
   * who may see what is deleted. 412 if it has another version. Shows and notes nothing; returns its table's name.
   */
  async mustBeVisible(context: RequestContext, resource: Resource, id: number, ifMatch?: string[]): Promise<string> {
    const statement = this.statement(context, resource);
    const { actor, metadata, table, readPermission } = statement;
    const seesDeleted = scopeOf(actor, 'deleted:read') !== undefined;
    const where = [
      ...statement.matching({ id }),
      ...statement.rows(readPermission, seesDeleted ? 'include' : 'exclude'),
    ];
    const found = await this.one(
      statement,
      `SELECT t.id, ${statement.version} AS version FROM ${table} t${conditions(where)}`,
    );
    const mayBeGone = !metadata.deleteDateColumn && seesDeleted && scopeOf(actor, readPermission) === 'all';
    if (!found && !mayBeGone) throw statement.notFound(id);
    if (found && ifMatch && !ifMatch.includes(found.version)) {
      context.consider({ tableName: table, ids: [id], versions: resource.version ? undefined : [found.version] });
      throw stale();
    }
    return table;
  }

  /**
   * Throws 404 unless the actor may see this record, and 403 unless they may change it as a whole: what belongs to it goes
   * with it. Those who may change single fields only, such as their own contact details, may not.
   */
  async mustBeWritable(context: RequestContext, resource: Resource, id: number): Promise<void> {
    await this.mustBeVisible(context, resource, id);
    const { actor, table } = this.statement(context, resource);
    const scope = scopeOf(actor, resource.writePermission);
    if (scope === 'all') return;
    throw new DomainError('access.denied', `You may not change what belongs to this ${resource.noun}.`, {
      refused: { tableName: table, recordId: id },
    });
  }

  /**
   * Creates a record and shows it. In the same transaction, `prepare` checks what must hold before and answers what the server
   * adds to the record, and `also` changes what belongs to it. With an idempotency key, a repeated request shows the record of the
   * first one and does neither, whatever has become of things since; the same key on another request is a 422. `request` is what
   * the client sent, where that is not the record itself.
   */
  async create(
    context: RequestContext,
    resource: Resource,
    record: object,
    { prepare, also, request = record }: Creation = {},
  ): Promise<Rendered> {
    refuseFields(this.statement(context, resource), record);
    if (context.idempotencyKey === undefined && !prepare && !also) return this.insert(context, resource, record);
    return this.database.transaction(context, async () => {
      const earlier = await this.idempotency.earlier(context, request);
      if (earlier !== undefined) {
        const { json, version } = await this.get(context, resource, earlier);
        return new Rendered(json, { version, createdId: earlier });
      }
      const added = (await prepare?.()) as object | undefined;
      const created = await this.insert(context, resource, { ...record, ...added });
      const id = created.createdId as number;
      await also?.(id);
      await this.idempotency.keep(context, request, id);
      return also ? this.renderCreated(context, resource, id) : created;
    });
  }

  /**
   * Changes the fields that a client sent and shows the record: 403 for fields beyond the actor's scope. `ifMatch` are versions
   * it may have (412 otherwise). A change that changes nothing by value writes no entry of change; showing the record is then a
   * read.
   */
  async update(
    context: RequestContext,
    resource: Resource,
    id: number,
    patch: object,
    ifMatch?: string[],
  ): Promise<Rendered> {
    refuseFields(this.statement(context, resource), patch, id);
    return this.apply(context, resource, id, patch, { ifMatch });
  }

  /** Like update, for what a verb of the office decides: any field, in the scope of the verb's own permission. */
  async apply(
    context: RequestContext,
    resource: Resource,
    id: number,
    change: object,
    { ifMatch, permission }: Target = {},
  ): Promise<Rendered> {
    const values = given(change);
    if (Object.keys(values).length > 0) {
      const changed = await this.change(context, resource, id, values, { ifMatch, permission });
      if (changed) return new Rendered(changed.json, { version: changed.version });
    }
    const unchanged = await this.get(context, resource, id);
    if (ifMatch && !ifMatch.includes(unchanged.version ?? '')) {
      context.consider({ tableName: this.statement(context, resource).table, ids: [id] });
      throw stale();
    }
    return unchanged;
  }

  /** Like apply, where the reply shows another record: what is not changed by it was not read either. */
  async set(context: RequestContext, resource: Resource, id: number, change: object): Promise<void> {
    await this.change(context, resource, id, given(change), {});
  }

  /**
   * Holds the live row until the end of the open transaction and returns its visible values as they are now: for decisions
   * that depend on them. An error that follows tells of the row, so its entry names it. 404 and 412 as for a change.
   */
  async hold<Values = Record<string, unknown>>(
    context: RequestContext,
    resource: Resource,
    id: number,
    { ifMatch, permission }: Target = {},
  ): Promise<Values> {
    const statement = this.statement(context, resource);
    const held = await this.one(
      statement,
      `SELECT ${statement.view} FROM ${statement.table} t WHERE ${statement.target(id, undefined, permission)} FOR UPDATE OF t`,
    );
    if (!held) throw statement.notFound(id);
    context.consider({ tableName: statement.table, ids: [id], versions: [shownVersion(held)] });
    if (ifMatch && !ifMatch.includes(held.version)) throw stale();
    return JSON.parse(held.json) as Values;
  }

  /** Removes a record: softly where its table can, for good otherwise. 409 while records that hang on it are in use. */
  async remove(context: RequestContext, resource: Resource, id: number, ifMatch?: string[]): Promise<void> {
    const { metadata } = this.statement(context, resource);
    if (metadata.deleteDateColumn) {
      const dependents = dependentsOf(metadata);
      if (dependents.length === 0) {
        await this.change(context, resource, id, { deletedAt: now }, { ifMatch, stays: false });
        return;
      }
      await this.database.transaction(context, async () => {
        await this.hold(context, resource, id, { ifMatch });
        await this.refuseInUse(context, resource, id, dependents);
        await this.change(context, resource, id, { deletedAt: now }, { ifMatch, stays: false });
      });
      return;
    }
    await this.once(context, resource, id, { ifMatch, stays: false }, (statement) =>
      this.writes(statement).delete(statement.target(id, ifMatch), statement.view),
    );
  }

  /** Undoes a soft delete and shows the record. 409 when it is not deleted, 422 while what it hangs on is. */
  async restore(context: RequestContext, resource: Resource, id: number): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const statement = this.statement(context, resource);
      const mine = [...statement.matching({ id }), ...statement.rows(resource.writePermission, 'any')];
      const held = await this.one(
        statement,
        `SELECT ${statement.view}, t.deleted_at IS NOT NULL AS deleted FROM ${statement.table} t${conditions(mine)} FOR UPDATE OF t`,
      );
      if (!held) throw statement.notFound(id);
      context.consider({ tableName: statement.table, ids: [id], versions: [shownVersion(held)] });
      if (!held.deleted) {
        throw new DomainError(
          'record.not-deleted',
          `This ${resource.noun} is not deleted, so there is nothing to restore.`,
        );
      }
      const restoring = this.statement(context, resource);
      const where = restoring.matching({ id }).join();
      const [restored] = await this.writes(restoring).update(restoring.restored, where, restoring.view);
      if (!restored) throw new Error(`${restoring.table} lost a row that was held.`);
      return new Rendered(restored.json, { version: restored.version });
    });
  }

  private async insert(context: RequestContext, resource: Resource, record: object): Promise<Rendered> {
    const statement = this.statement(context, resource);
    const values = given(record);
    const write = () => this.writes(statement).insert(statement.referring(values), statement.view);
    const [created] = await considerRefused(statement, values, write);
    if (!created) throw new Error(`${statement.table} took a record and shows none.`);
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

  /** Changes a live row; undefined where it has these values already. */
  private change(
    context: RequestContext,
    resource: Resource,
    id: number,
    values: Record<string, unknown>,
    target: Target,
  ): Promise<ViewRow | undefined> {
    return this.once(context, resource, id, target, (statement) => {
      const write = () =>
        this.writes(statement).update(
          statement.referring(values),
          statement.target(id, target.ifMatch, target.permission),
          statement.view,
        );
      return considerRefused(statement, values, write, id);
    });
  }

  /**
   * Runs a statement on one live row. When it meets none, the reason is not known: absent (404), of another version (412), the
   * same by value, or changed by somebody else between two looks. So the row is held and the statement run once more.
   */
  private async once(
    context: RequestContext,
    resource: Resource,
    id: number,
    target: Target,
    write: (statement: Statement) => Promise<ViewRow[]>,
  ): Promise<ViewRow | undefined> {
    const statement = this.statement(context, resource);
    const [met] = await write(statement);
    if (met) {
      if (target.stays ?? true) this.lookUps.keep(statement, met);
      return met;
    }
    return this.database.transaction(context, async () => {
      await this.hold(context, resource, id, target);
      const [met] = await write(this.statement(context, resource));
      return met;
    });
  }

  /** 409 while live records hang on this one: the office ends or removes them first. */
  private async refuseInUse(
    context: RequestContext,
    resource: Resource,
    id: number,
    dependents: Dependent[],
  ): Promise<void> {
    const counts = dependents.map(
      ({ table, column, isSoft }) =>
        `(SELECT count(*)::integer FROM ${table} WHERE ${column} = $1${isSoft ? ' AND deleted_at IS NULL' : ''}) AS ${table}`,
    );
    const [found] = await this.database.query<Record<string, number>>(context, `SELECT ${counts.join(', ')}`, [id]);
    const inUse = dependents.filter(({ table }) => (found?.[table] ?? 0) > 0);
    if (inUse.length === 0) return;
    // How many there are of what the actor may not see is not theirs to know either.
    await considerDependents(this.database, context, id, inUse);
    const isVisible = ({ entity }: Dependent) => scopeOf(actorOf(context), auditedDecision(entity).read) === 'all';
    const named = inUse.filter(isVisible).map(({ table }) => `${found?.[table]} ${table.replaceAll('_', ' ')}`);
    const list = [...named, ...(named.length < inUse.length ? ['other records'] : [])].join(', ');
    throw new DomainError('record.in-use', `On this ${resource.noun} depend: ${list}. Remove them first.`);
  }

  private statement(context: RequestContext, resource: Resource): Statement {
    return new Statement(context, resource, this.database);
  }

  private writes(statement: Statement): RowWrites<ViewRow> {
    return new RowWrites(this.database.runner(statement.context), statement.resource.entity, statement);
  }

  private async one(statement: Statement, sql: string): Promise<ViewRow | undefined> {
    const [row] = await this.database.query<ViewRow>(statement.context, sql, statement.values);
    return row;
  }
}

/** What else there is to a creation. */
interface Creation {
  prepare?: () => Promise<unknown>;
  also?: (id: number) => Promise<void>;
  request?: object;
}

/** What a change may meet. */
interface Target {
  /** Versions the row may have. */
  ifMatch?: string[];
  /** The permission in whose scope the row must lie, where it is not the resource's own. */
  permission?: Permission;
  /** Whether the row is in use after the change; it is, unless this says otherwise. */
  stays?: boolean;
}

function stale(): DomainError {
  return new DomainError('record.stale-version', 'Read the record again and repeat your change on what it says now.');
}
