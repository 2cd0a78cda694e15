import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { QueryDeepPartialEntity } from 'typeorm';
import { AuditWriter } from '#audit';
import { Clock } from '#kernel';
import { LedgerFault, LedgerKey, PublishedLog, type Query } from '#ledger';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database, exactInstant } from '#platform/database';
import { ObjectExistsError, type PutOptions } from '#platform/object-store';
import { RetentionService } from '#retention';
import { Archive } from './archive.entity';
import { archivesWhere, queryOf, type ArchiveRow } from './archive-rows';
import { dayOf, type Month } from './calendar';
import { compareWith, convert, exportLines, inspect, withEngine, type ObjectContent } from './exporting';
import { signManifest, storeNote, type Manifest } from './manifest';
import { concernsOf, countEntries, type MonthPlan, type PartPlan } from './month-plan';
import { ObjectCache } from './object-cache';

/** How far a step is: of what, and how many of how many. */
export type OnProgress = (part: string, done: number, of: number) => void;

const mediaTypes = {
  parquet: 'application/vnd.apache.parquet',
  'jsonl-zstd': 'application/zstd',
  'jsonl-gzip': 'application/gzip',
};

/** What the store has, and what was found in it. */
interface ReadBack {
  size: number;
  sha256: string;
  storageClass?: string;
  content: ObjectContent;
}

/** Makes a part of a month an object in the store. */
@Injectable()
export class PartsService {
  private readonly work: string;
  private readonly query: Query;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly writer: AuditWriter,
    private readonly key: LedgerKey,
    private readonly log: PublishedLog,
    private readonly cache: ObjectCache,
    private readonly retention: RetentionService,
  ) {
    this.work = join(config.dataFolder, 'archive-work');
    this.query = queryOf(database);
  }

  /** Before a run: what a killed one has left half-written goes. */
  async clear(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
    await mkdir(this.work, { recursive: true, mode: 0o700 });
  }

  /** The rows of a month's parts, so that an interrupted run is gone on with and not begun anew. */
  async begin(context: RequestContext, { month, parts }: MonthPlan): Promise<ArchiveRow[]> {
    const rows = parts.flatMap(({ row }) => (row ? [row] : []));
    if (rows.length > 0) return rows;
    return this.database.transaction(context, async () => {
      const ids: number[] = [];
      for (const { objectKey, after, through } of parts) {
        const { identifiers } = await this.database.manager(context).insert(Archive, {
          ...{ month: month.first, format: this.config.ARCHIVE_FORMAT, objectKey },
          ...{ afterTxid: after.txid, afterId: after.id, throughTxid: through.txid, throughId: through.id },
        });
        ids.push(...identifiers.map(({ id }) => id as number));
      }
      return archivesWhere(queryOf(this.database, context), 'id = ANY ($1)', [ids]);
    });
  }

  /**
   * Stores a part's object and, last, its manifest, and notes both in its row. What an earlier run has stored is read back and taken
   * as it is.
   */
  async store(
    context: RequestContext,
    month: Month,
    row: ArchiveRow,
    onProgress: OnProgress | undefined,
  ): Promise<ArchiveRow> {
    const { objectKey, state } = row;
    const isThere = state === 'stored' || (await this.log.store.head(objectKey)) !== undefined;
    const read = isThere ? await this.inspectThere(month, row) : await this.export(month, row, onProgress);
    await this.expectAll(month, row, read.content);
    return state === 'stored' ? row : this.note(context, month, row, read);
  }

  /** What an earlier run has stored is compared with what was sealed. */
  private async inspectThere(month: Month, row: ArchiveRow): Promise<ReadBack> {
    const longestLine = row.state === 'stored' ? row.longestLine : await this.longestLine(month, row);
    return withEngine([this.cache.folder], longestLine, (engine) =>
      this.readBack(row, (file) => inspect(engine, this.query, { file, format: row.format, longestLine })),
    );
  }

  private async export(month: Month, row: ArchiveRow, onProgress: OnProgress | undefined): Promise<ReadBack> {
    const { id, objectKey, format } = row;
    const folder = join(this.work, String(id));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const [lines, made] = [join(folder, 'lines'), join(folder, 'object')];
      const of = await this.count(month, row);
      const exported = await this.exportTo(lines, month, row, (done) =>
        onProgress?.(`entries of ${month.first.slice(0, 7)}`, done, of),
      );
      const { longestLine } = exported;
      return await withEngine([folder, this.cache.folder], longestLine, async (engine) => {
        await convert(engine, lines, { file: made, format, longestLine });
        await this.log.store
          .put(objectKey, createReadStream(made), await this.putOptions(month, format))
          .catch((error: unknown) => {
            // Another try of ours has stored it: what is there is read back like any other.
            if (!(error instanceof ObjectExistsError)) throw error;
          });
        const compare = (file: string) => compareWith(engine, { ...exported, lines }, { file, format, longestLine });
        return this.readBack(row, compare);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Reads an object from the store, anew, and what is in it. */
  private async readBack({ objectKey }: ArchiveRow, read: (file: string) => Promise<ObjectContent>): Promise<ReadBack> {
    const facts = await this.log.store.head(objectKey);
    if (!facts) throw new Error(`${objectKey} was stored and is not there.`);
    const wanted = { objectKey, sha256: facts.sha256, bytes: facts.size };
    await this.cache.readBack(wanted);
    return { ...facts, content: await this.cache.use([wanted], ([file = '']) => read(file)) };
  }

  private exportTo(file: string, month: Month, { after, through }: ArchiveRow, onProgress?: (done: number) => void) {
    const source = { databaseUrl: this.config.databaseUrl, query: this.query };
    return exportLines(source, { month, after, through }, file, onProgress);
  }

  private async putOptions(month: Month, format: ArchiveRow['format']): Promise<PutOptions> {
    const { ARCHIVE_WARM_CLASS: storageClass, ARCHIVE_OBJECT_LOCK } = this.config;
    const options: PutOptions = { mediaType: mediaTypes[format], storageClass };
    if (!ARCHIVE_OBJECT_LOCK) return options;
    const { tables } = await concernsOf(this.query, month);
    return { ...options, lockedUntil: (await this.retention.retainUntil(tables, month.end)).until };
  }

  /** The object must hold as many entries as PostgreSQL has of the range; that each is what was sealed was seen before. */
  private async expectAll(month: Month, row: ArchiveRow, { entries }: ObjectContent): Promise<void> {
    const held = await this.count(month, row);
    if (entries !== held) throw new LedgerFault(`${row.objectKey} holds ${entries} entries, PostgreSQL ${held}`);
  }

  private async note(
    context: RequestContext,
    month: Month,
    row: ArchiveRow,
    { size, sha256, storageClass, content }: ReadBack,
  ): Promise<ArchiveRow> {
    const { first, ids, changedAt } = content;
    if (!first || !ids || !changedAt) throw new Error('An object without entries is not stored.');
    const manifest: Manifest = {
      ...{ objectKey: row.objectKey, month: month.first.slice(0, 7), format: row.format, entries: content.entries },
      ...{ bytes: size, sha256, root: content.root.toString('hex'), leaves: content.runs },
      ...{
        firstChangedAt: instantOf(changedAt.from),
        lastChangedAt: instantOf(changedAt.to),
        lowestId: ids.lowest,
        highestId: ids.highest,
      },
      ...{ tables: content.tables, columns: content.columns },
      retainUntil: dayOf(await this.retainUntil(month, Object.keys(content.tables))),
      storedAt: this.clock.now().toISOString(),
    };
    const signed = signManifest(this.key, manifest);
    await storeNote(this.log.store, `${row.objectKey}.manifest`, signed);
    await this.database.transaction(context, async () => {
      const { firstChangedAt, lastChangedAt, retainUntil, root, storedAt } = manifest;
      const facts: QueryDeepPartialEntity<Archive> = {
        ...{ state: 'stored', storedAt: new Date(storedAt), retainUntil, manifest: signed },
        ...{ entryCount: String(manifest.entries), bytes: String(size), sha256, root },
        ...{ longestLine: content.longestLine, tableNames: Object.keys(content.tables) },
        ...{ firstTxid: first.txid, firstId: first.id, lowestId: ids.lowest, highestId: ids.highest },
        ...{ firstChangedAt: exactInstant(firstChangedAt), lastChangedAt: exactInstant(lastChangedAt) },
        storageClass: storageClass ?? 'STANDARD',
      };
      await this.database.manager(context).update(Archive, { id: row.id, state: 'exporting' }, facts);
      await this.writer.record(context, {
        ...{ action: 'ARCHIVE', tableName: 'archives', recordId: row.id },
        notes: `${manifest.entries} entries of ${manifest.month} in ${row.objectKey}`,
      });
    });
    const [stored] = await archivesWhere(this.query, 'id = $1', [row.id]);
    return stored as ArchiveRow;
  }

  private async retainUntil(month: Month, tables: readonly string[]): Promise<Date> {
    return (
      await this.retention.retainUntil(
        tables.map((table) => table || null),
        month.end,
      )
    ).until;
  }

  /** Right before the entries leave PostgreSQL: the object is still there, and still what was read back. */
  async makeSure({ objectKey, sha256, bytes }: ArchiveRow): Promise<void> {
    const found = await this.log.store.head(objectKey);
    if (found?.sha256 !== sha256 || found.size !== bytes) throw new Error(`${objectKey} is no longer what was stored.`);
  }

  private async longestLine(month: Month, row: ArchiveRow): Promise<number> {
    const file = join(this.work, `${row.id}.lines`);
    try {
      return (await this.exportTo(file, month, row)).longestLine;
    } finally {
      await rm(file, { force: true });
    }
  }

  private count(month: Month, range: Pick<PartPlan, 'after' | 'through'>): Promise<number> {
    return countEntries(this.query, month, range);
  }
}

/** RFC 3339 of what PostgreSQL writes in UTC. */
function instantOf(text: string): string {
  return text.replace(' ', 'T').replace(/\+00$/, 'Z');
}
