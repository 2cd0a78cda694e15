import { Inject, Injectable, Logger } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { AuditWriter } from '#audit';
import { Clock, DomainError } from '#kernel';
import { LedgerKey, PublishedLog, type Query } from '#ledger';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { isCold, type StorageClass } from '#platform/object-store';
import { Mailer } from '#platform/mail';
import { RetentionService, yearsLater } from '#retention';
import { Archive } from './archive.entity';
import { archivesWhere, queryOf, type ArchiveRow } from './archive-rows';
import { dayOf, monthOf } from './calendar';
import { openManifest, signCertificate, storeNote, tablesOf, type Manifest } from './manifest';

/** How long a restored copy stays readable, in days. */
const readableDays = 7;

/** What became of an object. */
export interface ObjectOutcome {
  objectKey: string;
  month: string;
  action: 'cool' | 'destroy' | 'keep' | 'failed';
  detail?: string;
}

const isWarm = ({ storageClass }: ArchiveRow) => !isCold(storageClass as StorageClass);

/** What becomes of objects: years later cold, asked for again, and in the end destroyed, if nothing speaks against it. */
@Injectable()
export class TiersService {
  private readonly logger = new Logger('archive');
  private readonly query: Query;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly writer: AuditWriter,
    private readonly key: LedgerKey,
    private readonly log: PublishedLog,
    private readonly retention: RetentionService,
    private readonly mailer: Mailer,
  ) {
    this.query = queryOf(database);
  }

  /** Moves on every object whose time has come as of an instant. One that can not be is said to have failed, and left for the next run. */
  async moveOn(context: RequestContext, asOf: Date, { dryRun }: { dryRun: boolean }): Promise<ObjectOutcome[]> {
    const outcomes: ObjectOutcome[] = [];
    const ids: number[] = [];
    for (const row of await archivesWhere(this.query, `state = 'archived'`)) {
      try {
        const outcome = await this.moveOneOn(context, row, asOf, dryRun);
        if (outcome) ids.push(row.id);
        if (outcome) outcomes.push({ objectKey: row.objectKey, month: row.month.slice(0, 7), ...outcome });
      } catch (error) {
        const detail = (error as Error).message;
        this.logger.warn({ objectKey: row.objectKey, cause: detail }, 'An archived object could not be moved on');
        ids.push(row.id);
        outcomes.push({ objectKey: row.objectKey, month: row.month.slice(0, 7), action: 'failed', detail });
      }
    }
    if (ids.length > 0) context.disclose({ tableName: 'archives', ids, list: true, notes: 'archive run' });
    return outcomes;
  }

  /** Asks the store for a readable copy of a cold object. 409 for one that is not cold. */
  async restore(context: RequestContext, id: number): Promise<void> {
    context.takeTime();
    const [row] = await archivesWhere(this.query, 'id = $1', [id]);
    if (!row) throw new DomainError('record.not-found', 'There is no such archive.');
    context.consider({ tableName: 'archives', ids: [id] });
    if (row.state !== 'archived' || isWarm(row)) {
      const detail = row.state === 'destroyed' ? 'It was destroyed.' : 'It can be read as it is.';
      throw new DomainError('workflow.not-allowed', detail);
    }
    await this.log.store.restore(row.objectKey, { days: readableDays, tier: 'Standard' });
    await this.database.transaction(context, async () => {
      const asked = { restoreAskedAt: this.clock.now(), restoreAskedBy: context.actor?.userId ?? null };
      await this.database.manager(context).update(Archive, { id }, { ...asked, readableUntil: null });
      await this.writer.record(context, { ...about(row), notes: 'asked for a readable copy' });
    });
    await this.lookAt(context, row);
  }

  /** Looks whether objects that were asked for can be read now; whoever asked is told by mail. */
  async watch(context: RequestContext): Promise<void> {
    for (const row of await archivesWhere(this.query, `restore_asked_at IS NOT NULL AND readable_until IS NULL`)) {
      await this.lookAt(context, row).catch((error: unknown) => {
        this.logger.warn({ objectKey: row.objectKey, cause: (error as Error).message }, 'The store does not answer');
      });
    }
  }

  private async lookAt(context: RequestContext, row: ArchiveRow): Promise<void> {
    const until = (await this.log.store.head(row.objectKey))?.restore?.readableUntil;
    if (!until) return;
    const told = await this.database.transaction(context, async () => {
      const { affected } = await this.database
        .manager(context)
        .update(Archive, { id: row.id, readableUntil: IsNull() }, { readableUntil: until });
      if (affected === 0) return undefined;
      await this.writer.record(context, { ...about(row), notes: `readable until ${until.toISOString()}` });
      const [asker] = await this.database.query<{ email: string }>(
        context,
        'SELECT u.email FROM archives a JOIN users u ON u.id = a.restore_asked_by WHERE a.id = $1',
        [row.id],
      );
      return asker?.email;
    });
    if (told) {
      void this.mailer.send({
        to: told,
        subject: `The archive of ${row.month.slice(0, 7)} can be read`,
        text: `The entries of ${row.month.slice(0, 7)} that you asked for take part in searches until ${until.toISOString()}.\n`,
      });
    }
  }

  private async moveOneOn(
    context: RequestContext,
    row: ArchiveRow,
    asOf: Date,
    dryRun: boolean,
  ): Promise<Pick<ObjectOutcome, 'action' | 'detail'> | undefined> {
    // What was signed counts, not what somebody has made of the row since.
    const manifest = openManifest(this.key, row.manifest);
    if (manifest?.objectKey !== row.objectKey) throw new Error('Its manifest is not signed with the key of the log.');
    const { end } = monthOf(`${manifest.month}-01`);
    const { until, decidedBy } = await this.retention.retainUntil(tablesOf(manifest), end);
    const retainedUntil = latest(until, new Date(`${manifest.retainUntil}T00:00:00Z`));
    if (retainedUntil <= asOf && (this.isOver(retainedUntil) || this.config.ARCHIVE_AS_OF_DESTROYS)) {
      const policy = `${decidedBy.framework} (${decidedBy.tableName})`;
      return this.destroy(context, row, manifest, { policy, retainedUntil, dryRun });
    }
    if (isWarm(row) && yearsLater(end, this.config.AUDIT_COLD_YEARS) <= asOf) {
      if (!dryRun) await this.cool(context, row);
      return { action: 'cool', detail: this.config.ARCHIVE_COLD_CLASS };
    }
    return undefined;
  }

  private isOver(retainedUntil: Date): boolean {
    return retainedUntil <= this.clock.now();
  }

  private async cool(context: RequestContext, row: ArchiveRow): Promise<void> {
    const { ARCHIVE_COLD_CLASS: storageClass } = this.config;
    await this.log.store.changeClass(row.objectKey, storageClass);
    const found = await this.log.store.head(row.objectKey);
    if (found?.sha256 !== row.sha256 || found.storageClass !== storageClass) {
      throw new Error('It was not found in its new class as it was.');
    }
    await this.database.transaction(context, async () => {
      const cooled = { storageClass, cooledAt: this.clock.now(), readableUntil: null, restoreAskedAt: null };
      await this.database.manager(context).update(Archive, { id: row.id }, cooled);
      await this.writer.record(context, { ...about(row), notes: `moved to ${storageClass}` });
    });
  }

  /**
   * Destroys an object unless a hold may be on it; none can be placed meanwhile. The certificate is stored before. A run that was killed in
   * between is gone on with: what is gone by then was to be destroyed.
   */
  private async destroy(
    context: RequestContext,
    { id }: ArchiveRow,
    manifest: Manifest,
    { policy, retainedUntil, dryRun }: { policy: string; retainedUntil: Date; dryRun: boolean },
  ): Promise<Pick<ObjectOutcome, 'action' | 'detail'>> {
    return this.database.transaction(context, async () => {
      await this.database.query(context, 'LOCK TABLE legal_holds IN SHARE MODE');
      const holds = await this.retention.holdsOn({
        tables: [...tablesOf(manifest), 'archives'],
        from: new Date(manifest.firstChangedAt),
        to: monthOf(`${manifest.month}-01`).end,
      });
      discloseHolds(context, holds);
      if (holds.length > 0) return { action: 'keep', detail: `on hold: ${holds.map(heldBy).join(', ')}` };
      if (dryRun) return { action: 'destroy', detail: policy };
      // By the real clock once more: nothing undoes what follows.
      const isRehearsal = !this.isOver(retainedUntil);
      if (isRehearsal && !this.config.ARCHIVE_AS_OF_DESTROYS) throw new Error('Its retention is not over.');
      const destroyedAt = this.clock.now().toISOString();
      const { objectKey, month, entries, sha256, root, leaves } = manifest;
      const certificate = signCertificate(this.key, {
        ...{ objectKey, month, entries, sha256, root, leaves },
        ...{ destroyedAt, retainedUntil: dayOf(retainedUntil), policy, holdsCheckedAt: destroyedAt },
        by: context.actor?.email ?? 'system',
        ...(isRehearsal && { rehearsal: true as const }),
      });
      await storeNote(this.log.store, `${objectKey}.destroyed`, certificate);
      await this.log.store.remove(objectKey);
      if (await this.log.store.head(objectKey)) throw new Error('It is still there.');
      const destroyed = { state: 'destroyed' as const, destroyedAt: new Date(destroyedAt), certificate };
      await this.database.manager(context).update(Archive, { id }, destroyed);
      await this.writer.record(context, {
        ...{ action: 'PURGE', tableName: 'archives', recordId: id },
        notes: `${entries} entries of ${month} destroyed${isRehearsal ? ' in a rehearsal' : ''}: ${policy}`,
      });
      return { action: 'destroy', detail: policy };
    });
  }
}

/** Notes that a report names these holds. */
export function discloseHolds(context: RequestContext, holds: readonly { id: number }[]): void {
  if (holds.length === 0) return;
  context.disclose({ tableName: 'legal_holds', ids: holds.map(({ id }) => id), list: true, notes: 'archive run' });
}

export const heldBy = ({ id, matter }: { id: number; matter: string }) => `hold ${id} (${matter})`;

const latest = (one: Date, other: Date) => (one > other ? one : other);

const about = ({ id }: ArchiveRow) => ({ action: 'ARCHIVE', tableName: 'archives', recordId: id }) as const;
