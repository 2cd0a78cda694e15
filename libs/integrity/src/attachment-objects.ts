import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuditWriter } from '#audit';
import { Clock } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';
import { isKey, ObjectStore, type ListedObject } from '#platform/object-store';
import type { Issue, Kind, OnProgress, Outcome } from './check';

const table = 'file_attachments';
const missing = { kind: 'attachments.object-missing', severity: 'warning', table } as const;
const differs = { kind: 'attachments.object-differs', severity: 'warning', table } as const;
const unclaimed = { kind: 'attachments.object-without-row', severity: 'warning', table } as const;
export const objectKinds: readonly Kind[] = [missing, differs, unclaimed];

/** Rows and objects that are held at a time. */
const batch = 1_000;
/** Objects that are read at a time. */
const width = 4;
/**
 * An object younger than this, in ms, may be of an upload whose row is not committed yet. That takes seconds; the rest is for the
 * clock of another machine.
 */
const uploadMs = 3_600_000;

interface Row {
  id: number;
  storageKey: string;
  size: number;
  sha256: string;
}

/** Compares attachments with the object store: every live row with the bytes of its object, and every object with the rows. */
@Injectable()
export class AttachmentObjects {
  constructor(
    private readonly database: Database,
    private readonly store: ObjectStore,
    private readonly clock: Clock,
    private readonly writer: AuditWriter,
  ) {}

  /** Reads the whole store, some objects at a time. Memory does not grow with the number of rows, objects or issues. */
  async *issues(context: RequestContext, onProgress: OnProgress = () => {}): AsyncGenerator<Issue> {
    yield* this.issuesOfRows(context, onProgress);
    yield* this.issuesOfObjects(context, onProgress);
  }

  /** Whether the issue is still there. */
  async stands(context: RequestContext, { kind, id, details }: Issue): Promise<boolean> {
    if (id === null) {
      const object = await this.listed(String(details['storageKey']));
      return object !== undefined && (await this.withoutRow(context, [object])).length > 0;
    }
    const [row] = await this.rows(context, 'id = $1', [id]);
    return row !== undefined && (await this.compare(row))?.kind === kind;
  }

  /** Destroys an object that no row names. It has no record, so its entry is written here, and is durable before the object goes. */
  async destroy(context: RequestContext, issue: Issue): Promise<Outcome> {
    if (!(await this.stands(context, issue))) return 'gone';
    const key = String(issue.details['storageKey']);
    await this.writer.record(context, { action: 'PURGE', tableName: table, notes: `object without a row: ${key}` });
    await this.store.remove(key);
    return (await this.stands(context, issue)) ? 'left' : 'repaired';
  }

  private async *issuesOfRows(context: RequestContext, onProgress: OnProgress): AsyncGenerator<Issue> {
    const of = await this.count(context, 'deleted_at IS NULL');
    let done = 0;
    let after = 0;
    let rows: Row[];
    do {
      rows = await this.rows(context, 'id > $1 ORDER BY id LIMIT $2', [after, batch]);
      after = rows.at(-1)?.id ?? after;
      for await (const issue of inOrder(rows, (row) => this.compare(row))) {
        onProgress('files', (done += 1), of);
        if (issue) yield issue;
      }
    } while (rows.length === batch);
  }

  private async *issuesOfObjects(context: RequestContext, onProgress: OnProgress): AsyncGenerator<Issue> {
    const expected = await this.count(context, 'true');
    let done = 0;
    let listed: ListedObject[] = [];
    for await (const object of this.store.list()) {
      onProgress('objects', (done += 1), Math.max(expected, done));
      if (this.isSettled(object)) listed.push(object);
      if (listed.length < batch) continue;
      yield* await this.withoutRow(context, listed);
      listed = [];
    }
    yield* await this.withoutRow(context, listed);
  }

  /** Undefined where the object is what the row says. */
  private async compare({ id, storageKey, size, sha256 }: Row): Promise<Issue | undefined> {
    // Nothing can be stored under what is no key.
    const content = isKey(storageKey) ? await this.store.get(storageKey) : undefined;
    if (!content) return { ...missing, id, details: { storageKey } };
    const hash = createHash('sha256');
    let foundSize = 0;
    for await (const chunk of content as AsyncIterable<Buffer>) {
      hash.update(chunk);
      foundSize += chunk.length;
    }
    const foundSha256 = hash.digest('hex');
    if (foundSize === size && foundSha256 === sha256) return undefined;
    return { ...differs, id, details: { storageKey, size, foundSize, sha256, foundSha256 } };
  }

  /** A removed attachment keeps its object, so its row counts as well. */
  private async withoutRow(context: RequestContext, objects: readonly ListedObject[]): Promise<Issue[]> {
    if (objects.length === 0) return [];
    const claimed = await this.database.query<{ key: string }>(
      context,
      `SELECT storage_key AS key FROM ${table} WHERE storage_key = ANY ($1)`,
      [objects.map(({ key }) => key)],
      longStatementMs,
    );
    const keys = new Set(claimed.map(({ key }) => key));
    return objects
      .filter(({ key }) => !keys.has(key))
      .map(({ key, size, storedAt }) => ({ ...unclaimed, id: null, details: { storageKey: key, size, storedAt } }));
  }

  private async listed(key: string): Promise<ListedObject | undefined> {
    for await (const object of this.store.list(key)) if (object.key === key) return object;
    return undefined;
  }

  private isSettled({ storedAt }: ListedObject): boolean {
    return this.clock.now().getTime() - storedAt.getTime() > uploadMs;
  }

  private rows(context: RequestContext, condition: string, values: unknown[]): Promise<Row[]> {
    return this.database.query<Row>(
      context,
      `SELECT id, storage_key AS "storageKey", file_size::float8 AS size, sha256 FROM ${table}
       WHERE deleted_at IS NULL AND ${condition}`,
      values,
      longStatementMs,
    );
  }

  private async count(context: RequestContext, condition: string): Promise<number> {
    const sql = `SELECT count(*)::float8 AS count FROM ${table} WHERE ${condition}`;
    const [row] = await this.database.query<{ count: number }>(context, sql, [], longStatementMs);
    return row?.count ?? 0;
  }
}

/** The results of some at a time, in the order of what they are of. */
async function* inOrder<T, R>(values: readonly T[], work: (value: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  for (const value of values) {
    const result = work(value);
    // Whoever waits for it hears of its failure; one that nobody waits for any more has none to tell.
    result.catch(() => undefined);
    begun.push(result);
    if (begun.length === width) yield (await begun.shift()) as R;
  }
  for (const result of begun) yield await result;
}
