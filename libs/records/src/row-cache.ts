import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { scopeOf } from '#access';
import { countRequest, SharedCache, SharedReadings, type Grant } from '#platform/cache';
import { Database } from '#platform/database';
import type { Statement, ViewRow } from './statement';

/**
 * Rows as views show them, remembered below authorization: whether an actor may see a row, and which of its fields, is decided each
 * time, and a row that came from here is disclosed as any other. Renderings with different fields are remembered apart.
 */
@Injectable()
export class RowCache {
  private readonly readings = new SharedReadings<ViewRow | undefined>();
  /** The names of renderings, by their SQL; there are few of each resource. */
  private readonly variants = new Map<string, string>();

  constructor(
    private readonly cache: SharedCache,
    private readonly database: Database,
  ) {}

  /** The row of one record in use: as it was remembered, or as `read` finds it. */
  async row(statement: Statement, id: number, read: () => Promise<ViewRow | undefined>): Promise<ViewRow | undefined> {
    const { context, resource, table } = statement;
    if (!resource.cache || !this.cache.isConfigured) return read();
    const { noun: kind, cache } = resource;
    if (!context.primary || !this.mayAsk(statement, id)) {
      countRequest(kind, 'bypass');
      return read();
    }
    const name = nameOf(table, id);
    const variant = this.variantOf(statement);
    const found = await this.cache.lookUp(context.primary, { kind, name, variant });
    if (typeof found === 'string') return rowOf(id, found);
    return this.readings.read(`${name} ${variant}`, () => this.fill(kind, found, cache.seconds, read));
  }

  /** Does what changes a record, after the cache was told of it. It answers the row as it is then; whether that stays in use, `stays` says. */
  async changing(
    statement: Statement,
    id: number,
    stays: boolean,
    change: () => Promise<ViewRow | undefined>,
  ): Promise<ViewRow | undefined> {
    const { context, resource, table } = statement;
    const { noun: kind, cache } = resource;
    const name = nameOf(table, id);
    if (!cache || context.changing.get(name) !== undefined) return change();
    const announcement = await this.cache.announce(context.primary, name);
    context.changing.set(name, announcement?.until);
    const row = await change();
    // Inside of a transaction nobody knows yet when it ends.
    if (announcement && !this.database.inTransaction(context)) {
      context.changing.set(name, undefined);
      const left = { kind, variant: this.variantOf(statement), seconds: cache.seconds };
      void announcement.end(stays && row ? { ...left, value: textOf(row) } : undefined);
    }
    return row;
  }

  /** In a transaction, or after a change of its own, a request reads what nobody else sees yet, or saw when it began. */
  private mayAsk({ context, resource, actor, readPermission }: Statement, id: number): boolean {
    if (this.database.inTransaction(context) || context.changing.size > 0) return false;
    const scope = scopeOf(actor, readPermission);
    return scope === 'all' || (scope !== undefined && resource.cache?.within?.[scope]?.(actor, id) === true);
  }

  private async fill(
    kind: string,
    grant: Grant | undefined,
    seconds: number,
    read: () => Promise<ViewRow | undefined>,
  ): Promise<ViewRow | undefined> {
    const row = await read();
    if (row && grant) void this.cache.fill(kind, grant, textOf(row), seconds);
    return row;
  }

  private variantOf({ view, resource }: Statement): string {
    let variant = this.variants.get(view);
    if (!variant) {
      if (resource.derived || resource.version) throw new Error(`A ${resource.noun} depends on more than its own row.`);
      variant = createHash('sha256').update(view).digest('base64url').slice(0, 16);
      this.variants.set(view, variant);
    }
    return variant;
  }
}

function nameOf(table: string, id: number): string {
  return `${table} ${id}`;
}

function textOf({ version, json }: ViewRow): string {
  return `${version} ${json}`;
}

function rowOf(id: number, text: string): ViewRow {
  const end = text.indexOf(' ');
  return { id, version: text.slice(0, end), json: text.slice(end + 1) };
}
