import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ArchivedEntries, type ArchivedObject, type Bind } from '#audit';
import { Clock, unavailable } from '#kernel';
import { entryColumns, LedgerKey, linesOf } from '#ledger';
import { Database, Pace, SharedCall } from '#platform/database';
import { isCold, type StorageClass } from '#platform/object-store';
import { archivesWhere, type ArchiveRow } from './archive-rows';
import { Engine, EngineEnded, EngineError } from './engine';
import { ARCHIVE_FORMATS, canonicalLines, objectsTable } from './entry-file';
import { contradictionIn, openCertificate, openManifest, type Certificate, type Manifest } from './manifest';
import { ObjectCache } from './object-cache';

/** An engine that nobody asked for this long, in ms, is ended. */
const idleMs = 60_000;
/** A question takes at most this long, in ms. */
const questionMs = 60_000;
/** Engines that a question tries, where others end them before its turn comes. */
const maxAttempts = 3;
/** Manifests that are kept in mind once they were read and their signatures checked. */
const maxKnown = 2_000;

/** What the signed note of an object tells: its manifest, or its certificate. */
type Signed = Pick<ArchivedObject, 'leaves' | 'contradiction' | 'isRehearsal'>;

/** Answers from the objects of the archive, through DuckDB and a folder of those that were asked for lately. */
@Injectable()
export class ArchivedEntriesService extends ArchivedEntries implements OnApplicationShutdown {
  private engine?: Promise<Engine>;
  private idle?: NodeJS.Timeout;
  private readonly signed = new Map<string, Signed>();
  private known = new Map<number, ArchiveRow>();
  /** Of the rows that are known. */
  private version?: string;
  private readonly versions = new SharedCall(() => this.currentVersion(), new Pace());

  constructor(
    private readonly database: Database,
    private readonly cache: ObjectCache,
    private readonly key: LedgerKey,
    private readonly clock: Clock,
  ) {
    super();
  }

  async objects(): Promise<ArchivedObject[]> {
    const version = await this.versions.next();
    if (version !== this.version) {
      const rows = await archivesWhere(
        (sql, values) => this.database.query(undefined, sql, values),
        `state IN ('archived', 'destroyed')`,
      );
      this.known = new Map(rows.map((row) => [row.id, row]));
      this.version = version;
    }
    return [...this.known.values()].map((row) => this.objectOf(row));
  }

  /** Every change of a row gives it a higher audit_ref, so their sum tells whether what is known is still so. */
  private async currentVersion(): Promise<string | undefined> {
    const [latest] = await this.database.query<{ version: string }>(
      undefined,
      `SELECT count(*) || '-' || coalesce(sum(audit_ref), 0) AS version FROM archives`,
    );
    return latest?.version;
  }

  select<Row>(objects: readonly ArchivedObject[], statement: (table: string, bind: Bind) => string): Promise<Row[]> {
    const rows = objects.map((object) => this.rowOf(object));
    const values: (string | number | null)[] = [];
    return this.cache.use(rows, (files) => {
      const sql = statement(tableOf(rows, files), (value) => `$${values.push(value)}`);
      return this.ask<Row>(sql, values);
    });
  }

  /** Whose engine was ended by another question, before its turn came, asks another engine. */
  private async ask<Row>(sql: string, values: (string | number | null)[]): Promise<Row[]> {
    for (let attempt = 1; ; attempt += 1) {
      const engine = await this.running();
      try {
        return await engine.rows<Row>(sql, values, questionMs);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        if (error instanceof EngineEnded && attempt < maxAttempts) continue;
        throw unavailable('service.unavailable', 'The archive can not be read now.', error);
      }
    }
  }

  async *lines(object: ArchivedObject, condition?: string): AsyncGenerator<Buffer[]> {
    const row = this.rowOf(object);
    const { files, release } = await this.cache.hold([row]);
    try {
      const engine = await Engine.start([this.cache.folder]);
      yield* linesOf(engine.lines(canonicalLines(tableOf([row], files), condition)));
    } finally {
      release();
    }
  }

  async line(object: ArchivedObject, entryId: number): Promise<Buffer | undefined> {
    for await (const [line] of this.lines(object, `id = ${Math.trunc(entryId)}`)) return line;
    return undefined;
  }

  /** Removes the files of objects that are no more. */
  async forgetDestroyed(): Promise<void> {
    const rows = await archivesWhere(
      (sql, values) => this.database.query(undefined, sql, values),
      `state IN ('stored', 'archived')`,
    );
    await this.cache.keepOnly(rows);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.idle);
    (await this.engine?.catch(() => undefined))?.stop();
  }

  /** An engine that is kept while it is asked. */
  private async running(): Promise<Engine> {
    clearTimeout(this.idle);
    this.idle = setTimeout(
      () => void this.onApplicationShutdown().then(() => (this.engine = undefined)),
      idleMs,
    ).unref();
    const kept = await this.engine?.catch(() => undefined);
    if (kept && !kept.hasEnded) return kept;
    this.engine = Engine.start([this.cache.folder]);
    return this.engine;
  }

  private objectOf(row: ArchiveRow): ArchivedObject {
    return {
      ...{ id: row.id, month: row.month.slice(0, 7), objectKey: row.objectKey, entries: row.entries },
      ...{ first: row.first, through: row.through, tables: row.tables },
      ...{ lowestId: Number(row.lowestId), highestId: Number(row.highestId) },
      ...{ firstChangedAt: row.firstChangedAt, lastChangedAt: row.lastChangedAt },
      state: this.stateOf(row),
      ...this.signedOf(row),
    };
  }

  private stateOf({ state, storageClass, readableUntil }: ArchiveRow): ArchivedObject['state'] {
    if (state === 'destroyed') return 'destroyed';
    if (!isCold(storageClass as StorageClass)) return 'readable';
    return readableUntil !== null && readableUntil > this.clock.now() ? 'readable' : 'cold';
  }

  /** A destroyed object has a certificate, any other a manifest. No leaves where the signature does not hold. */
  private signedOf({ state, manifest, certificate }: ArchiveRow): Signed {
    const note = state === 'destroyed' ? certificate : manifest;
    if (note === null) return { leaves: [] };
    let signed = this.signed.get(note);
    if (signed) return signed;
    if (this.signed.size >= maxKnown) this.signed.clear();
    signed =
      state === 'destroyed' ? ofCertificate(openCertificate(this.key, note)) : ofManifest(openManifest(this.key, note));
    this.signed.set(note, signed);
    return signed;
  }

  private rowOf({ id }: ArchivedObject): ArchiveRow {
    const row = this.known.get(id);
    if (!row) throw new Error('Only objects that were listed are read.');
    return row;
  }
}

function ofManifest(manifest: Manifest | undefined): Signed {
  return { leaves: manifest?.leaves ?? [] };
}

function ofCertificate(certificate: Certificate | undefined): Signed {
  if (!certificate) return { leaves: [] };
  const { leaves, rehearsal = false } = certificate;
  return { leaves, contradiction: contradictionIn(certificate), isRehearsal: rehearsal };
}

/** Objects of any format as one table. */
function tableOf(rows: readonly ArchiveRow[], files: readonly string[]): string {
  const tables = ARCHIVE_FORMATS.flatMap((format) => {
    const own = files.filter((_, index) => rows[index]?.format === format);
    const longest = Math.max(0, ...rows.map(({ longestLine }) => longestLine));
    return own.length > 0 ? [`SELECT ${entryColumns.join(', ')} FROM ${objectsTable(own, format, longest)}`] : [];
  });
  return `(${tables.join(' UNION ALL ')})`;
}
