import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { scopeOf } from '#access';
import { countRequest, TieredCache } from '#platform/cache';
import { BatchedLookUps, batchMs, Database } from '#platform/database';
import { conditions, type Statement, type ViewRow } from './statement';

/** Renderings that are looked up in batches; there are a few of each resource. */
const maxRenderings = 500;

/** One rendering of a resource's rows: the batch that looks them up, and its name in the cache. */
interface Rendering {
  name: string;
  sql: string;
  rows: BatchedLookUps<ViewRow>;
}

/**
 * Live rows by id, as a view shows them: from the cache, or from the primary in a statement that others share. Below authorization:
 * the caller knows already that the actor may see the row, and which of its fields. A row from the cache says so (`changedAt`),
 * and its entry is written only while it is still current. "No such row" never comes from the cache.
 */
@Injectable()
export class RowLookUps {
  private readonly renderings = new Map<string, Rendering>();

  constructor(
    private readonly cache: TieredCache,
    private readonly database: Database,
  ) {}

  /**
   * Whether the row can be looked up for many actors at once: they are in a scope that the process itself decides, and the request reads
   * nothing that only its own transaction can see.
   */
  serves({ context, resource, actor, readPermission, metadata }: Statement, id: number): boolean {
    if (!metadata.deleteDateColumn || this.database.inTransaction(context)) return false;
    const scope = scopeOf(actor, readPermission);
    return scope === 'all' || (scope !== undefined && resource.cache?.within?.[scope]?.(actor, id) === true);
  }

  async row(statement: Statement, id: number): Promise<ViewRow | undefined> {
    const { context, resource } = statement;
    const { cache, noun: kind } = resource;
    const rendering = this.renderingOf(statement);
    if (!cache) return this.onPrimary(statement, rendering, id);
    const key = keyOf(statement, id, rendering.name);
    if (context.readsPrimary || context.hasCommitted) countRequest(kind, 'bypass');
    else {
      const text = this.cache.here(kind, key) ?? (await this.cache.elsewhere(kind, key, cache.seconds));
      if (text !== undefined) return rowOf(id, text);
    }
    const row = await this.onPrimary(statement, rendering, id);
    if (row) this.cache.set(key, textOf(row), cache.seconds);
    else this.cache.drop(key);
    return row && { ...row, changedAt: undefined };
  }

  /** Keeps the row as a change has left it, as a courtesy to the next reader. */
  keep(statement: Statement, row: ViewRow): void {
    const { resource } = statement;
    if (!resource.cache || this.database.inTransaction(statement.context)) return;
    this.cache.set(keyOf(statement, row.id, this.renderingOf(statement).name), textOf(row), resource.cache.seconds);
  }

  private async onPrimary({ context }: Statement, { sql, rows }: Rendering, id: number): Promise<ViewRow | undefined> {
    const part = context.trace?.beginStatement(sql);
    try {
      const row = await rows.get(String(id));
      part?.end();
      return row;
    } catch (error) {
      part?.end('failed');
      throw error;
    }
  }

  private renderingOf(statement: Statement): Rendering {
    const { view, table, resource } = statement;
    let rendering = this.renderings.get(view);
    if (rendering) return rendering;
    if (resource.cache && (resource.derived || resource.version)) {
      throw new Error(`A ${resource.noun} depends on more than its own row, so it is not cached.`);
    }
    const sql = `SELECT ${view} FROM ${table} t${conditions(['t.id = ANY ($1::integer[])', 't.deleted_at IS NULL'])}`;
    const find = async (ids: string[]) => {
      const rows = await this.database.query<ViewRow>(undefined, sql, [ids], batchMs);
      return new Map(rows.map((row) => [String(row.id), row]));
    };
    rendering = {
      sql,
      name: createHash('sha256').update(view).digest('base64url').slice(0, 16),
      rows: new BatchedLookUps(find),
    };
    if (this.renderings.size < maxRenderings) this.renderings.set(view, rendering);
    return rendering;
  }
}

function keyOf({ table }: Statement, id: number, rendering: string): string {
  return `${table}:${id}:${rendering}`;
}

function textOf({ version, changedAt, json }: ViewRow): string {
  return `${version} ${changedAt} ${json}`;
}

function rowOf(id: number, text: string): ViewRow {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  return { id, version: text.slice(0, first), changedAt: text.slice(first + 1, second), json: text.slice(second + 1) };
}
