import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { DomainError, Turns, unavailable } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database, withLease } from '#platform/database';
import { charset, type ReceiveCsv, type Upload } from '#platform/http';
import { VirusScanner } from '#platform/virus-scan';
import { BulkRecords, Records, type Holder } from '#records';
import { dateFormat, type Row } from './import-columns';
import {
  assessed,
  duplicate,
  faultsOfDates,
  listed,
  maxListedErrors,
  numberOf,
  refuseRepeated,
  RowError,
  rowsIn,
  type Assessed,
  type Fault,
} from './import-faults';
import { ImportPace } from './import-pace';
import { batchesOf, type Writing } from './import-rows';
import type { CreateMember } from './member.dto';
import { members } from './member.resource';
import { MembersService } from './members.service';

/** Rows that are checked together. */
const checkedRows = 1000;
/** Imports of one process use this share of its connections at most. */
const shareOfPool = 0.25;
/** A number of our own; with the id of a person added to it, the lease of that person's import. */
const personsLease = 4_927_100_000_000;
export const ImportQuery = z.strictObject({
  mode: z
    .enum(['all-or-nothing', 'insert', 'report', 'upsert'])
    .default('all-or-nothing')
    .describe(
      '`all-or-nothing`: one fault and nothing is created (422 lists the faults); 413 where the database would need more than 12 s ' +
        'for the rows. `insert`: another name of it. `report`: rows without fault are created, the others ' +
        'listed; sent again with the same `Idempotency-Key` after an interruption, it goes on where it stopped. ' +
        '`upsert`: like `all-or-nothing`, but a row with the number of a member changes that member; an empty cell changes nothing.',
    ),
  charset,
  dateFormat,
});
export type ImportQuery = z.infer<typeof ImportQuery>;

export const ImportReport = z
  .object({
    rowsRead: z.int(),
    rowsCreated: z.int(),
    rowsUpdated: z.int().optional().describe('Of `upsert`: members who had other values.'),
    rowsRefused: z.int(),
    errors: z.array(RowError).describe(`The first ${maxListedErrors} faults.`),
  })
  .meta({ id: 'ImportReport' });
export type ImportReport = z.infer<typeof ImportReport>;

interface Progress extends ImportReport {
  rowsUpdated: number;
  errors: Fault[];
  /** Members who have numbers of the file, as far as this request was told of them. */
  told: Set<number>;
  /** A hash over the mode and the rows read so far, by which a resumed import knows it was sent the same file. */
  rowsHash: string;
  finished: boolean;
}

/** A file, and what the client said of it. */
interface Sent {
  upload: Upload;
  writing: Writing;
  mode: ImportQuery['mode'];
}

/** A row, and the member who has its number. */
type Found = Assessed & { holder?: Holder };

/** Creates and changes members from CSV, a batch at a time; memory does not grow with the file. */
@Injectable()
export class MembersImport {
  private running = 0;

  constructor(
    private readonly database: Database,
    private readonly bulk: BulkRecords,
    private readonly records: Records,
    private readonly rules: MembersService,
    private readonly scanner: VirusScanner,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async run(context: RequestContext, receive: ReceiveCsv, { mode, ...writing }: ImportQuery): Promise<ImportReport> {
    const upload = await receive();
    const file: Sent = { upload, writing, mode };
    context.takeTime();
    try {
      await this.scanner.mustBeClean(upload, { tableName: 'members' });
      return await this.alone(context, () =>
        mode === 'report' ? this.importSome(context, file) : this.importAll(context, file),
      );
    } finally {
      await upload.close();
    }
  }

  /** 409 while another import of the same person runs, in whichever process. */
  private async alone<T>(context: RequestContext, work: () => Promise<T>): Promise<T> {
    if (this.running >= Math.max(1, Math.floor(this.config.DATABASE_POOL_SIZE * shareOfPool))) {
      throw unavailable('service.unavailable', 'Other imports are running; wait for them.');
    }
    this.running += 1;
    try {
      const done = await withLease(this.config.databaseUrl, personsLease + (context.actor?.userId ?? 0), async () => ({
        result: await work(),
      }));
      if (!done) throw new DomainError('import.in-progress', 'You are importing another file; wait until it is done.');
      return done.result;
    } finally {
      this.running -= 1;
    }
  }

  private async importSome(context: RequestContext, file: Sent): Promise<ImportReport> {
    const progress = await this.consume(context, file, new ImportPace());
    const ids = [...progress.told];
    if (ids.length > 0) context.disclose({ tableName: 'members', ids, list: true, notes: 'import' });
    return reportOf(progress, file.mode);
  }

  /**
   * Looks for faults first: entries of others are not sealed while its transaction is open. Throws
   * 413 where that would be too long.
   */
  private async importAll(context: RequestContext, file: Sent): Promise<ImportReport> {
    const { finished } = await this.resume(context);
    const isUpsert = file.mode === 'upsert';
    const found = finished && !isUpsert ? emptyProgress() : await this.check(context, file);
    if (found.rowsRefused > 0 && !finished) throw rejected(context, found);
    return this.database.transaction(context, async () => {
      const progress = await this.consume(context, file, new ImportPace(found.rowsRead, isUpsert));
      if (progress.rowsRefused > 0) throw rejected(context, progress);
      const ids = [...found.told];
      // The reply tells of those, too, who have the values of their rows already.
      if (isUpsert && ids.length > 0) context.disclose({ tableName: 'members', ids, list: true, notes: 'import' });
      return reportOf(progress, file.mode);
    });
  }

  /** Finds the faults of the whole file, and the members who have numbers of it. */
  private async check(context: RequestContext, { upload, writing, mode }: Sent): Promise<Progress> {
    const found = emptyProgress();
    const numbers = new Set<string>();
    for await (const batch of batchesOf(upload, writing, () => checkedRows)) {
      const rows = await this.assess(context, batch, found.rowsRead, mode, numbers);
      const errors = rows.flatMap(({ faults }) => faults);
      for (const { holder } of rows) if (holder) found.told.add(holder.id);
      found.rowsRead += batch.length;
      found.rowsRefused += rowsIn(errors);
      found.errors = listed(found.errors, errors);
    }
    return found;
  }

  /** Takes the rows that an earlier request with this key has not taken; of a finished import, it only compares them. */
  private async consume(context: RequestContext, { upload, writing, mode }: Sent, pace: ImportPace): Promise<Progress> {
    let progress = await this.resume(context);
    const resumeAt = { row: progress.rowsRead, hash: progress.rowsHash };
    const turns = new Turns();
    let read = 0;
    let hash: string = mode;
    for await (const rows of batchesOf(upload, writing, () => pace.rows)) {
      const batch: Row[] = [];
      for (const row of rows) {
        await turns.next();
        read += 1;
        hash = createHash('sha256').update(hash).update(JSON.stringify(row)).digest('hex');
        if (read === resumeAt.row && hash !== resumeAt.hash) throw anotherFile();
        if (read > resumeAt.row) batch.push(row);
      }
      if (batch.length === 0) continue;
      if (progress.finished) throw anotherFile();
      const begunAt = performance.now();
      progress = await this.take(context, batch, mode, pace, { ...progress, rowsHash: hash });
      pace.took(batch.length, performance.now() - begunAt);
    }
    if (read < resumeAt.row) throw anotherFile();
    if (progress.finished) return progress;
    return this.take(context, [], mode, pace, { ...progress, rowsHash: hash, finished: true });
  }

  /** Does what a batch's rows say and counts them, in one transaction (that of the whole import where all or nothing). */
  private async take(
    context: RequestContext,
    batch: Row[],
    mode: ImportQuery['mode'],
    pace: ImportPace,
    before: Progress,
  ): Promise<Progress> {
    return this.database.transaction(context, async () => {
      // The server itself ends what takes too long: it does not know that nobody waits any more.
      await this.database.query(context, `SELECT set_config('statement_timeout', $1, true)`, [String(pace.leftMs)]);
      const rows = await this.assess(context, batch, before.rowsRead, mode, new Set());
      const sound = rows.filter(({ faults }) => faults.length === 0);
      const created = await this.create(
        context,
        sound.filter(({ holder }) => !holder),
      );
      const updated = await this.change(
        context,
        sound.filter(({ holder }) => holder),
      );
      const errors = rows.flatMap(({ faults }) => faults);
      const told = errors.flatMap(({ memberId }) => memberId ?? []);
      const after: Progress = {
        ...before,
        rowsRead: before.rowsRead + batch.length,
        rowsCreated: before.rowsCreated + created,
        rowsUpdated: before.rowsUpdated + updated,
        rowsRefused: before.rowsRefused + rowsIn(errors),
        errors: listed(before.errors, errors),
        told: new Set([...before.told, ...told]),
      };
      await this.keep(context, before, after);
      return after;
    });
  }

  /** Rows with all of their faults, and the members who have their numbers: those that an upsert changes. */
  private async assess(
    context: RequestContext,
    batch: Row[],
    rowsBefore: number,
    mode: ImportQuery['mode'],
    numbers: Set<string>,
  ): Promise<Found[]> {
    const isUpsert = mode === 'upsert';
    const holders = await this.holders(
      context,
      batch.flatMap((row) => numberOf(row) ?? []),
    );
    const rows = await assessed(batch, rowsBefore, (number) => isUpsert && holders.has(number));
    refuseRepeated(rows, numbers, mode === 'report');
    return rows.map((found) => {
      const holder = holders.get(found.number ?? '');
      const { row, faults } = found;
      if (holder && !isUpsert) faults.push({ row, ...duplicate, memberId: holder.id });
      if (holder?.isRemoved && isUpsert) faults.push({ row, ...removed, memberId: holder.id });
      return { ...found, holder };
    });
  }

  /** Answers how many were created. A number that somebody has got meanwhile is a fault of its row. */
  private async create(context: RequestContext, rows: Found[]): Promise<number> {
    if (rows.length === 0) return 0;
    const records = rows.map(({ values }) => values as CreateMember);
    const created = await this.bulk.create(context, members, 'memberNumber', records);
    const lost = rows.filter(({ values }) => !created.has(values.memberNumber ?? ''));
    const holders = await this.holders(
      context,
      lost.flatMap(({ number }) => number ?? []),
    );
    for (const { row, number, faults } of lost) {
      faults.push({ row, ...duplicate, memberId: holders.get(number ?? '')?.id });
    }
    return created.size;
  }

  /** Changes members by the rules and the rights for one change at a time; answers how many had other values. */
  private async change(context: RequestContext, rows: Found[]): Promise<number> {
    let changed = 0;
    for (const { row, values, holder, faults } of rows) {
      if (!holder) continue;
      const ifMatch = [holder.version];
      const now = await this.records.hold(context, members, holder.id, { ifMatch });
      const { memberNumber: _, ...given } = values;
      const patch = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== now[name]));
      faults.push(...faultsOfDates(row, { ...now, ...patch }));
      if (faults.length > 0 || Object.keys(patch).length === 0) continue;
      await this.rules.update(context, holder.id, patch, ifMatch);
      changed += 1;
    }
    return changed;
  }

  /** Who has these numbers, by number. */
  private async holders(context: RequestContext, numbers: string[]): Promise<Map<string, Holder>> {
    const found = numbers.length ? await this.bulk.holding(context, members, 'memberNumber', numbers) : [];
    if (found.length > 0) context.demandReason({ tableName: 'members' });
    return new Map(found.map((holder) => [holder.key, holder]));
  }

  /** Where an import with this request's idempotency key stands. */
  private async resume(context: RequestContext): Promise<Progress> {
    const { actor, route, idempotencyKey } = context;
    if (idempotencyKey === undefined) return emptyProgress();
    await this.database.query(
      context,
      `INSERT INTO imports (user_id, operation, key) VALUES ($1, $2, $3) ON CONFLICT (user_id, operation, key) DO NOTHING`,
      [actor?.userId, route, idempotencyKey],
    );
    const [found] = await this.database.query<Omit<Progress, 'told'>>(
      context,
      `SELECT rows_read AS "rowsRead", rows_created AS "rowsCreated", rows_refused AS "rowsRefused", rows_updated AS "rowsUpdated", errors,
         rows_hash AS "rowsHash", finished_at IS NOT NULL AS finished
       FROM imports WHERE user_id = $1 AND operation = $2 AND key = $3`,
      [actor?.userId, route, idempotencyKey],
    );
    if (!found) return emptyProgress();
    const told = new Set(found.errors.flatMap(({ memberId }) => memberId ?? []));
    if (told.size > 0) context.demandReason({ tableName: 'members' });
    return { ...found, told };
  }

  private async keep(context: RequestContext, before: Progress, after: Progress): Promise<void> {
    const { actor, route, idempotencyKey } = context;
    if (idempotencyKey === undefined) return;
    const kept = await this.database.query(
      context,
      `UPDATE imports SET rows_read = $4, rows_created = $5, rows_refused = $6, errors = $7, rows_hash = $8,
         rows_updated = $11,
         finished_at = CASE WHEN $9 THEN now() END
       WHERE user_id = $1 AND operation = $2 AND key = $3 AND rows_read = $10 AND finished_at IS NULL RETURNING id`,
      [
        actor?.userId,
        route,
        idempotencyKey,
        after.rowsRead,
        after.rowsCreated,
        after.rowsRefused,
        JSON.stringify(after.errors),
        after.rowsHash,
        after.finished,
        before.rowsRead,
        after.rowsUpdated,
      ],
    );
    if (kept.length === 0) {
      throw new DomainError(
        'import.in-progress',
        'Another request with this Idempotency-Key imports now; wait for it.',
      );
    }
  }
}

const removed = { field: 'memberNumber', message: 'is the number of a removed member; restore the member first' };

function emptyProgress(): Progress {
  return {
    rowsRead: 0,
    rowsCreated: 0,
    rowsUpdated: 0,
    rowsRefused: 0,
    errors: [],
    told: new Set(),
    rowsHash: '',
    finished: false,
  };
}

function reportOf(
  { rowsRead, rowsCreated, rowsUpdated, rowsRefused, errors }: Progress,
  mode: ImportQuery['mode'],
): ImportReport {
  const shown = errors.map(({ row, field, message }) => ({ row, field, message }));
  return { rowsRead, rowsCreated, ...(mode === 'upsert' ? { rowsUpdated } : {}), rowsRefused, errors: shown };
}

function rejected(context: RequestContext, { rowsRefused, rowsRead, errors, told }: Progress): DomainError {
  context.consider({ tableName: 'members', ids: [...told] });
  return new DomainError('import.rejected', `${rowsRefused} of ${rowsRead} rows have faults; nothing was changed.`, {
    errors: errors.map(({ row, field, message }) => ({ pointer: `/${row}${field ? `/${field}` : ''}`, message })),
  });
}

function anotherFile(): DomainError {
  return new DomainError('idempotency.key-reused', 'This Idempotency-Key began an import of another file.');
}
