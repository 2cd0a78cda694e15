import { Injectable } from '@nestjs/common';
import { decodeCursor, DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { ArchivedEntries, type ArchivedObject, type Bind } from './archived-entries';
import type { TrailQuery } from './trail.dto';
import { chunkOf, duckdb, every, rowOfArchive, trailKeys, type EntryRow } from './trail.sql';

/**
 * Objects that are looked into at a time, newest first: a record's trail seldom needs all of seven
 * years.
 */
const objectsAtATime = 12;
/** Entries of an export that are read at a time. */
const exportedAtATime = 20_000;

type Range = Pick<TrailQuery, 'from' | 'to' | 'cursor' | 'tableName'> & { id?: number };
type Where = (bind: Bind) => string[];

interface Filling {
  range: Range;
  where: Where;
  columns: (bind: Bind) => string;
  /** Of entries that have this expression in common the first alone is told. */
  oncePer?: string;
}

/** The part of a question that the archive answers. */
@Injectable()
export class ArchivedTrail {
  constructor(private readonly archive: ArchivedEntries) {}

  /**
   * Fills a page, newest first, of which the database's rows were read before: an entry that left
   * it meanwhile comes in both. Names the cold objects that may have belonged in it.
   */
  async fill(
    context: RequestContext,
    hot: readonly EntryRow[],
    limit: number,
    { range, where, columns, oncePer }: Filling,
  ): Promise<{ rows: EntryRow[]; cold: ArchivedObject[] }> {
    let rows = [...hot];
    const cold: ArchivedObject[] = [];
    const candidates = (await this.within(range)).sort((one, other) =>
      one.lastChangedAt < other.lastChangedAt ? 1 : -1,
    );
    while (candidates.length > 0) {
      const last = rows.length > limit ? rows.at(-1)?.changedAt : undefined;
      const next = candidates
        .splice(0, objectsAtATime)
        .filter(({ lastChangedAt }) => last === undefined || lastChangedAt >= last);
      if (next.length === 0) break;
      cold.push(...next.filter(({ state }) => state === 'cold'));
      const readable = next.filter(({ state }) => state === 'readable');
      if (readable.length === 0) continue;
      context.takeTime();
      const found = await this.archive.select<EntryRow>(
        readable,
        (table, bind) => `SELECT ${columns(bind)} FROM ${table} l WHERE ${[...where(bind), 'true'].join(' AND ')}
          ${oncePer ? `QUALIFY row_number() OVER (PARTITION BY ${oncePer} ORDER BY l.changed_at, l.id) = 1` : ''}
          ORDER BY l.changed_at DESC, l.id DESC LIMIT ${limit + 1}`,
      );
      rows = once([...found.map(rowOfArchive), ...rows])
        .sort((one, other) => oldestFirst(other, one))
        .slice(0, limit + 1);
    }
    return { rows, cold };
  }

  /** Whether it may hold any of what is asked for. */
  async mayHold(range: Range): Promise<boolean> {
    return (await this.within(range)).length > 0;
  }

  /** How many entries match. 409 naming the objects where some that may match are cold. */
  async count(range: Range, where: Where): Promise<number> {
    const objects = this.allReadable(await this.within(range));
    if (objects.length === 0) return 0;
    const [row] = await this.archive.select<{ count: number }>(
      objects,
      (table, bind) =>
        `SELECT count(*)::DOUBLE AS count FROM ${table} l WHERE ${[...where(bind), 'true'].join(' AND ')}`,
    );
    return row?.count ?? 0;
  }

  /** Every entry that matches, oldest first, some at a time. */
  async *oldestFirst(range: Range, where: Where): AsyncGenerator<EntryRow[]> {
    const all = this.allReadable(await this.within(range));
    for (const month of [...new Set(all.map((object) => object.month))].sort()) {
      const objects = all.filter((object) => object.month === month);
      let after: EntryRow | undefined;
      do {
        const last = after;
        const rows = await this.archive.select<EntryRow>(objects, (table, bind) => {
          const later = last && [
            `(l.changed_at, l.id) > (${bind(last.changedAt)}::timestamptz, ${bind(last.id)}::BIGINT)`,
          ];
          const chunk = chunkOf(duckdb, table, [...where(bind), ...(later ?? []), 'true'], exportedAtATime);
          return `SELECT ${duckdb.columns(every)} FROM ${chunk} l ORDER BY l.changed_at, l.id`;
        });
        if (rows.length > 0) yield rows.map(rowOfArchive);
        after = rows.at(-1);
      } while (after);
    }
  }

  /** The objects that may hold what is asked for. */
  private async within({ from, to, cursor, tableName, id }: Range): Promise<ArchivedObject[]> {
    const before = cursor === undefined ? undefined : String(decodeCursor(cursor, 'trail', trailKeys).keys[0]);
    const [first, end] = [from, to].map((instant) => (instant === undefined ? undefined : utc(instant)));
    return (await this.archive.objects()).filter(
      (object) =>
        object.state !== 'destroyed' &&
        (first === undefined || object.lastChangedAt >= first) &&
        (end === undefined || object.firstChangedAt < end) &&
        (before === undefined || object.firstChangedAt <= before) &&
        (tableName === undefined || object.tables.includes(tableName)) &&
        (id === undefined || (object.lowestId <= id && id <= object.highestId)),
    );
  }

  private allReadable(objects: ArchivedObject[]): ArchivedObject[] {
    const cold = objects.filter(({ state }) => state === 'cold');
    if (cold.length === 0) return objects;
    const ids = cold.map(({ id, month }) => `${id} (${month})`).join(', ');
    throw new DomainError('archive.cold', `Ask for the archives ${ids} first, or for a time without their months.`, {
      tells: [{ tableName: 'archives', ids: cold.map(({ id }) => id) }],
    });
  }
}

/** Sources of entries, each oldest first, as one; what two of them have comes once. */
export async function* inOrder(sources: readonly AsyncGenerator<EntryRow[]>[]): AsyncGenerator<EntryRow[]> {
  const read = async (source: AsyncGenerator<EntryRow[]>) => {
    const step = await source.next();
    return step.done ? [] : step.value;
  };
  const heads = await Promise.all(sources.map(async (source) => ({ source, rows: await read(source) })));
  for (;;) {
    const ends = heads.flatMap(({ rows }) => rows.at(-1) ?? []);
    if (ends.length === 0) return;
    // Whatever is read later comes after the first of the ends.
    const bound = ends.reduce((least, end) => (oldestFirst(end, least) < 0 ? end : least));
    const ready = heads.map(({ rows }) => rows.filter((row) => oldestFirst(row, bound) <= 0));
    yield once(ready.flat()).sort(oldestFirst);
    for (const [index, head] of heads.entries()) {
      head.rows = head.rows.slice(ready[index]?.length);
      if (head.rows.length === 0) head.rows = await read(head.source);
    }
  }
}

const once = (rows: readonly EntryRow[]) => [...new Map(rows.map((row) => [row.id, row])).values()];

function oldestFirst(one: EntryRow, other: EntryRow): number {
  if (one.changedAt === other.changedAt) return one.id - other.id;
  return one.changedAt < other.changedAt ? -1 : 1;
}

/** An instant with any offset and precision, as entries have theirs: so that texts compare. */
function utc(instant: string): string {
  const fraction = /\.(\d+)/.exec(instant)?.[1] ?? '';
  return `${new Date(instant).toISOString().slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}
