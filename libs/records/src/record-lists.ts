import { Injectable } from '@nestjs/common';
import { DomainError, encodeCursor, sortOfCursor } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { Rendered } from '#platform/http';
import { containsCondition, containsPage, prefixPage, searchCondition, sortedPage } from './list-sql';
import { isVisible } from './projection';
import { Records } from './records';
import type { ListQuery, Resource } from './resource';
import { conditions, Statement, type ViewRow } from './statement';

/** Pages of a declared resource: filtered, sorted or searched, by keyset, in the actor's scope. */
@Injectable()
export class RecordLists {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  /** A page of records. What it shows, and what was asked for, is noted as one disclosure. */
  async list(context: RequestContext, resource: Resource, query: ListQuery): Promise<Rendered> {
    const searches = query.q && !query.sort && resource.search;
    const continuesContains = query.cursor && sortOfCursor(query.cursor)?.startsWith('c:');
    let build = searches ? (continuesContains ? containsPage : prefixPage) : sortedPage;
    let page = await this.page(context, resource, query, build);
    if (build === prefixPage && page.items.length === 0 && !query.cursor && resource.contains) {
      build = containsPage;
      page = await this.page(context, resource, query, build);
    }
    const total =
      query.count === 'true' ? await this.count(context, resource, query, build === containsPage) : undefined;
    context.disclose({
      tableName: page.tableName,
      ids: page.items.map((row) => row.id),
      list: true,
      filters: { ...query },
    });
    const items = page.items.map((row) => row.json).join(',');
    const sum = total === undefined ? '' : `,"total":${total}`;
    return new Rendered(`{"items":[${items}],"nextCursor":${JSON.stringify(page.nextCursor)}${sum}}`);
  }

  /** A page of what hangs on one record, which the actor must be able to see: 404 otherwise. `query` names it by a filter. */
  async listOf(
    context: RequestContext,
    owner: Resource,
    id: number,
    resource: Resource,
    query: ListQuery,
  ): Promise<Rendered> {
    await this.records.mustBeVisible(context, owner, id);
    return this.list(context, resource, query);
  }

  private async page(context: RequestContext, resource: Resource, query: ListQuery, build: typeof sortedPage) {
    const statement = new Statement(context, resource, this.database);
    const where = filtered(statement, query);
    if (query.q && build === sortedPage) where.push(searchCondition(resource, query.q, statement.bind));
    const list = build(resource, query, {
      table: statement.table,
      projection: statement.projection,
      where,
      bind: statement.bind,
    });
    const rows = await this.database.query<ViewRow & Record<`k${number}`, string>>(context, list.sql, statement.values);
    const items = rows.slice(0, query.limit);
    const last = items.at(-1);
    const keys = Array.from({ length: list.keyCount }, (_, index) => String(last?.[`k${index}`]));
    const nextCursor = rows.length > query.limit ? encodeCursor({ sort: list.sort, keys }) : null;
    return { tableName: statement.table, items, nextCursor };
  }

  private async count(
    context: RequestContext,
    resource: Resource,
    query: ListQuery,
    anywhere: boolean,
  ): Promise<number> {
    const statement = new Statement(context, resource, this.database);
    const where = filtered(statement, query);
    if (query.q) where.push((anywhere ? containsCondition : searchCondition)(resource, query.q, statement.bind));
    const [row] = await this.database.query<{ total: number }>(
      context,
      `SELECT count(*)::integer AS total FROM ${statement.table} t${conditions(where)}`,
      statement.values,
    );
    return row?.total ?? 0;
  }
}

/** The rows in scope that meet the resource's own filters. What a field holds is not to be guessed by asking for it: 403. */
export function filtered(statement: Statement, query: ListQuery): string[] {
  const { resource, actor } = statement;
  const asked = [...Object.keys(query), ...(query.sort ?? '').split(',').map((term) => term.replace('-', ''))];
  const hidden = asked.find((name) => name in resource.view.shape && !isVisible(resource, actor, name));
  if (hidden) {
    throw new DomainError('access.field-denied', `You may not see ${hidden}, so you can not ask by it.`, {
      refused: { tableName: statement.table },
    });
  }
  const where = statement.rows(statement.readPermission, query.deleted);
  for (const [name, filter] of Object.entries(statement.resource.filters ?? {})) {
    if (query[name] !== undefined) where.push(filter(query[name] as never, statement.bind));
  }
  return where;
}
