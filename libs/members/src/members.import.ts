import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { DomainError, Turns, unavailable } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database, withLease } from '#platform/database';
import { charset, type ReceiveCsv, type Upload } from '#platform/http';
import { VirusScanner } from '#platform/virus-scan';
import { BulkRecords } from '#records';
import { dateFormat, type Row } from './import-columns';
import { ImportPace } from './import-pace';
import { batchesOf, type Writing } from './import-rows';
import { CreateMember } from './member.dto';
import { members } from './member.resource';

/** Rows that are checked together. */
const checkedRows = 1000;
/** Imports of one process use this share of its connections at most. */
const shareOfPool = 0.25;
/** A number of our own; with the id of a person added to it, the lease of that person's import. */
const personsLease = 4_927_100_000_000;
/** Faults that a report lists; beyond, they are only counted. */
const maxListedErrors = 1000;

export const ImportQuery = z.strictObject({
  mode: z
    .enum(['all-or-nothing', 'report'])
    .default('all-or-nothing')
    .describe(
      '`all-or-nothing`: one fault and nothing is created (422 lists the faults); 413 where the database would need more than 12 s ' +
        'for the rows. `report`: rows without fault are created, the others ' +
        'listed; sent again with the same `Idempotency-Key` after an interruption, it goes on where it stopped.',
    ),
  charset,
  dateFormat,
});
export type ImportQuery = z.infer<typeof ImportQuery>;

const RowError = z.object({
  row: z.int().describe('The row of data, counted from 1.'),
  field: z.string(),
  message: z.string(),
});
type RowError = z.infer<typeof RowError>;

export const ImportReport = z
  .object({
    rowsRead: z.int(),
    rowsCreated: z.int(),
    rowsRefused: z.int(),
    errors: z.array(RowError).describe(`The first ${maxListedErrors} faults.`),
  })
  .meta({ id: 'ImportReport' });
export type ImportReport = z.infer<typeof ImportReport>;

/** With the member who has the number already. */
type Fault = RowError & { memberId?: number };

interface Progress extends ImportReport {
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

interface ValidRow {
  row: number;
  member: CreateMember;
}

/** Creates members from CSV, a batch at a time; memory does not grow with the file. */
@Injectable()
export class MembersImport {
  private running = 0;

  constructor(
    private readonly database: Database,
    private readonly bulk: BulkRecords,
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
    return reportOf(progress);
  }

  /**
   * Looks for faults first: entries of others are not sealed while its transaction is open. Throws
   * 413 where that would be too long.
   */
  private async importAll(context: RequestContext, file: Sent): Promise<ImportReport> {
    const total = (await this.resume(context)).finished ? 0 : await this.check(context, file);
    return this.database.transaction(context, async () => {
      const progress = await this.consume(context, file, new ImportPace(total));
      if (progress.rowsRefused > 0) throw rejected(context, progress);
      return reportOf(progress);
    });
  }

  /** Answers how many rows there are. Throws 422 that names the faults. */
  private async check(context: RequestContext, { upload, writing }: Sent): Promise<number> {
    const found = emptyProgress();
    const numbers = new Set<string>();
    for await (const batch of batchesOf(upload, writing, () => checkedRows)) {
      const { valid, errors } = await sort(batch, found.rowsRead, numbers);
      const idOf = await this.holders(context, valid);
      for (const { row, member } of valid) {
        const memberId = idOf.get(normal(member.memberNumber));
        if (memberId !== undefined) errors.push({ row, ...duplicate, memberId });
      }
      for (const id of idOf.values()) found.told.add(id);
      found.rowsRead += batch.length;
      found.rowsRefused += rowsIn(errors);
      found.errors = listed(found.errors, errors);
    }
    if (found.rowsRefused > 0) throw rejected(context, found);
    return found.rowsRead;
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
      progress = await this.take(context, batch, pace, { ...progress, rowsHash: hash });
      pace.took(batch.length, performance.now() - begunAt);
    }
    if (read < resumeAt.row) throw anotherFile();
    if (progress.finished) return progress;
    return this.take(context, [], pace, { ...progress, rowsHash: hash, finished: true });
  }

  /** Creates a batch's rows and counts them, in one transaction (that of the whole import where all or nothing). */
  private async take(context: RequestContext, batch: Row[], pace: ImportPace, before: Progress): Promise<Progress> {
    return this.database.transaction(context, async () => {
      // The server itself ends what takes too long: it does not know that nobody waits any more.
      await this.database.query(context, `SELECT set_config('statement_timeout', $1, true)`, [String(pace.leftMs)]);
      const { valid, errors } = await sort(batch, before.rowsRead, new Set());
      const created = valid.length
        ? await this.bulk.create(
            context,
            members,
            'memberNumber',
            valid.map(({ member }) => member),
          )
        : new Set();
      const taken = valid.filter(({ member }) => !created.has(member.memberNumber));
      const idOf = await this.holders(context, taken);
      for (const { row, member } of taken) {
        errors.push({ row, ...duplicate, memberId: idOf.get(normal(member.memberNumber)) });
      }
      const after: Progress = {
        ...before,
        rowsRead: before.rowsRead + batch.length,
        rowsCreated: before.rowsCreated + created.size,
        rowsRefused: before.rowsRefused + rowsIn(errors),
        errors: listed(before.errors, errors),
        told: new Set([...before.told, ...idOf.values()]),
      };
      await this.keep(context, before, after);
      return after;
    });
  }

  /** Who has the numbers of these rows already, by number. */
  private async holders(context: RequestContext, rows: ValidRow[]): Promise<Map<string, number>> {
    const numbers = rows.map(({ member }) => member.memberNumber);
    const found = numbers.length ? await this.bulk.holding(context, members, 'memberNumber', numbers) : [];
    if (found.length > 0) context.demandReason({ tableName: 'members' });
    return new Map(found.map(({ id, key }) => [key, id]));
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
      `SELECT rows_read AS "rowsRead", rows_created AS "rowsCreated", rows_refused AS "rowsRefused", errors,
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

const duplicate = { field: 'memberNumber', message: 'is the number of another member' };

/** The same number in any case, as the database has it. */
function normal(memberNumber: string): string {
  return memberNumber.toLowerCase();
}

function emptyProgress(): Progress {
  return { rowsRead: 0, rowsCreated: 0, rowsRefused: 0, errors: [], told: new Set(), rowsHash: '', finished: false };
}

function reportOf({ rowsRead, rowsCreated, rowsRefused, errors }: Progress): ImportReport {
  const shown = errors.map(({ row, field, message }) => ({ row, field, message }));
  return { rowsRead, rowsCreated, rowsRefused, errors: shown };
}

/** Rows that can be created, and the faults of the others. `numbers` are those of the rows before. */
async function sort(batch: Row[], rowsBefore: number, numbers: Set<string>) {
  const valid: ValidRow[] = [];
  const errors: Fault[] = [];
  const turns = new Turns();
  for (const [index, { record, fault }] of batch.entries()) {
    await turns.next();
    const row = rowsBefore + index + 1;
    const parsed = CreateMember.safeParse(record);
    if (fault) errors.push({ row, field: '', message: fault });
    else if (!parsed.success) {
      for (const { path, message } of parsed.error.issues) errors.push({ row, field: path.join('.'), message });
    } else if (numbers.has(normal(parsed.data.memberNumber))) errors.push({ row, ...duplicate });
    else {
      numbers.add(normal(parsed.data.memberNumber));
      valid.push({ row, member: parsed.data });
    }
  }
  return { valid, errors };
}

function rowsIn(errors: Fault[]): number {
  return new Set(errors.map(({ row }) => row)).size;
}

function listed(before: Fault[], found: Fault[]): Fault[] {
  return [...before, ...found.sort((a, b) => a.row - b.row)].slice(0, maxListedErrors);
}

function rejected(context: RequestContext, { rowsRefused, rowsRead, errors, told }: Progress): DomainError {
  context.consider({ tableName: 'members', ids: [...told] });
  return new DomainError('import.rejected', `${rowsRefused} of ${rowsRead} rows have faults; nothing was created.`, {
    errors: errors.map(({ row, field, message }) => ({ pointer: `/${row}${field ? `/${field}` : ''}`, message })),
  });
}

function anotherFile(): DomainError {
  return new DomainError('idempotency.key-reused', 'This Idempotency-Key began an import of another file.');
}
