import { Injectable } from '@nestjs/common';
import { encodeCursor } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { Rendered } from '#platform/http';
import { inOneRow, prefixPage, sortedPage, type PageRow } from './list-sql';
import { Records } from './records';
import type { ListQuery, Resource } from './resource';
import { anyBegins, filtered, matching, matchOf, type Match } from './search';
import { conditions, Statement } from './statement';

interface Page {
  tableName: string;
  ids: number[];
  versions: string[];
  /** The views of the records as JSON, with commas between them. */
  items: string;
  nextCursor: string | null;
}

/** Pages of a declared resource: filtered, sorted or searched, by keyset, in the actor's scope. */
@Injectable()
export class RecordLists {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  /** A page of records. What it shows, and what was asked for, is noted as one disclosure. */
  async list(context: RequestContext, resource: Resource, query: ListQuery): Promise<Rendered> {
    let page: Page | undefined;
    const match = await matchOf(resource, query, async () => {
      if (query.sort) return anyBegins(new Statement(context, resource, this.database), query, this.database);
      // In the order of a search, the page itself tells, at no further cost.
      page = await this.page(context, resource, query, 'beginning');
      return page.ids.length > 0;
    });
    if (!page || match === 'inside') page = await this.page(context, resource, query, match);
    const total = query.count === 'true' ? await this.count(context, resource, query, match) : undefined;
    const { tableName, ids, versions, items, nextCursor } = page;
    context.disclose({ tableName, ids, versions, list: true, filters: { ...query } });
    const sum = total === undefined ? '' : `,"total":${total}`;
    return new Rendered(`{"items":[${items}],"nextCursor":${JSON.stringify(nextCursor)}${sum}}`);
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

  private async page(
    context: RequestContext,
    resource: Resource,
    query: ListQuery,
    match: Match | undefined,
  ): Promise<Page> {
    const statement = new Statement(context, resource, this.database);
    const ranks = match === 'beginning' && !query.sort;
    const { table, bind } = statement;
    const list = (ranks ? prefixPage : sortedPage)(resource, query, {
      table,
      view: statement.listed,
      where: ranks ? filtered(statement, query) : matching(statement, query, match),
      match,
      bind,
    });
    const [row] = await this.database.read<PageRow>(context, inOneRow(list, query.limit), statement.values);
    const { ids, versions, items, last } = row as PageRow;
    const nextCursor = last && encodeCursor({ sort: list.sort, keys: last });
    return { tableName: table, ids: ids ?? [], versions: versions ?? [], items: items ?? '', nextCursor };
  }

  private async count(
    context: RequestContext,
    resource: Resource,
    query: ListQuery,
    match: Match | undefined,
  ): Promise<number> {
    const statement = new Statement(context, resource, this.database);
    const where = matching(statement, query, match);
    const [row] = await this.database.read<{ total: number }>(
      context,
      `SELECT count(*)::integer AS total FROM ${statement.table} t${conditions(where)}`,
      statement.values,
    );
    return row?.total ?? 0;
  }
}
