import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Injectable, Logger, StreamableFile } from '@nestjs/common';
import { scopeOf } from '#access';
import { auditedDecision } from '#audit';
import { DomainError, invalid } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { FileForm, Rendered } from '#platform/http';
import { ObjectStore } from '#platform/object-store';
import { VirusScanner } from '#platform/virus-scan';
import { RecordLists, Records } from '#records';
import {
  categoriesMessage,
  isCategoryOf,
  type AttachmentQuery,
  type CreateAttachment,
  type UpdateAttachment,
} from './attachment.dto';
import { attachments } from './attachment.resource';
import { headBytes, KindCheck } from './file-kind';
import { contentDisposition, extensionOf, safeName, storableName } from './file-name';
import { coversCategory, coversFiles, ownedByReadable, owners, tableOf, type RecordType } from './owners';
import { verifiedContent } from './verified-content';

const table = 'file_attachments';

interface Owned {
  recordType: RecordType;
  recordId: number;
}

interface Stored {
  storageKey: string;
  fileName: string;
  mediaType: string;
  size: number;
  sha256: string;
}

/** What the office does with the files of its records. */
@Injectable()
export class AttachmentsService {
  private readonly logger = new Logger('attachments');

  constructor(
    private readonly records: Records,
    private readonly lists: RecordLists,
    private readonly database: Database,
    private readonly store: ObjectStore,
    private readonly scanner: VirusScanner,
  ) {}

  async list(context: RequestContext, query: AttachmentQuery): Promise<Rendered> {
    const { resource } = owners[query.recordType];
    await this.records.mustBeVisible(context, resource, query.recordId);
    if (!context.actor || !coversFiles(scopeOf(context.actor, auditedDecision(resource.entity).read))) {
      throw new DomainError('record.not-found', 'There is no such record.', {
        refused: { tableName: table, recordId: undefined },
      });
    }
    return this.lists.list(context, attachments, query);
  }

  get(context: RequestContext, id: number): Promise<Rendered> {
    return this.records.get(context, attachments, id);
  }

  /**
   * Stores the file, then its row: a failure in between leaves at most an object that nobody can reach, and never a row
   * without its file.
   */
  async create(context: RequestContext, { fields, fileName: sentName, content }: FileForm<CreateAttachment>) {
    context.takeTime();
    try {
      refuseCategory(context, fields.fileCategory);
      const fileName = safeName(sentName);
      const check = new KindCheck(extensionOf(fileName));
      const { mediaType } = check;
      const { recordType, recordId } = fields;
      const aim = { tableName: tableOf(owners[recordType].resource), recordId };
      // The record is looked up afterwards, so that what the scanner answers tells nothing of it.
      return await this.scanner.whenClean(Readable.from(checked(content, check)), aim, async (clean) => {
        await this.mustTakeFiles(context, fields);
        // From here on a fault of the store tells that the record is there.
        context.consider({ tableName: aim.tableName, ids: [recordId] });
        const storageKey = newKey();
        const { size: fileSize, sha256 } = await this.store.put(storageKey, clean, { mediaType });
        const originalName = storableName(sentName);
        const row = { ...fields, fileName, originalName, storageKey, mediaType, fileSize, sha256 };
        return this.record(context, row);
      });
    } finally {
      content.destroy();
    }
  }

  async update(context: RequestContext, id: number, patch: UpdateAttachment, ifMatch?: string[]): Promise<Rendered> {
    const { recordType } = await this.mustBeChangeable(context, id);
    if (patch.fileCategory && !isCategoryOf(recordType, patch.fileCategory)) {
      context.consider({ tableName: table, ids: [id] });
      throw invalid('/fileCategory', categoriesMessage(recordType));
    }
    refuseCategory(context, patch.fileCategory, id);
    return this.records.update(context, attachments, id, patch, ifMatch);
  }

  /** The object stays, so that the attachment can be restored. */
  async remove(context: RequestContext, id: number, ifMatch?: string[]): Promise<void> {
    await this.mustBeChangeable(context, id);
    return this.records.remove(context, attachments, id, ifMatch);
  }

  restore(context: RequestContext, id: number): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      await this.holdOwner(context, await this.mustBeChangeable(context, id));
      return this.records.restore(context, attachments, id);
    });
  }

  /** The file, as it is stored. Its entry is durable before the first byte leaves. */
  async content(context: RequestContext, id: number): Promise<StreamableFile> {
    context.takeTime();
    await this.records.mustBeVisible(context, attachments, id);
    const [file] = await this.database.query<Stored>(
      context,
      `SELECT storage_key AS "storageKey", file_name AS "fileName", media_type AS "mediaType", file_size::float8 AS size, sha256
       FROM ${table} WHERE id = $1 AND deleted_at IS NULL`,
      [id],
    );
    if (!file) throw notFound(id);
    context.consider({ tableName: table, ids: [id] });
    const source = await this.store.get(file.storageKey);
    if (!source) {
      this.logger.error({ attachmentId: id, requestId: context.requestId }, 'The content of an attachment is missing');
      throw new DomainError('attachments.content-missing', 'The file is not where it was stored.');
    }
    context.disclose({ tableName: table, ids: [id], list: false, notes: 'content' });
    const verified = verifiedContent(source, file, () => {
      this.logger.error({ attachmentId: id, requestId: context.requestId }, 'The content of an attachment has changed');
    });
    return new StreamableFile(verified, {
      type: file.mediaType.startsWith('text/') ? `${file.mediaType}; charset=utf-8` : file.mediaType,
      disposition: contentDisposition(file.fileName),
      length: file.size,
    });
  }

  /** Like a reference to a missing record where the actor sees all of them; 404 where it could be one they may not see. */
  private async mustTakeFiles(context: RequestContext, { recordType, recordId }: Owned): Promise<void> {
    try {
      await this.records.mustBeWritable(context, owners[recordType].resource, recordId);
      await this.holdOwner(context, { recordType, recordId });
    } catch (error) {
      const isAbsent = error instanceof DomainError && error.code === 'record.not-found' && !error.refused;
      if (!isAbsent) throw error;
      throw new DomainError('reference.missing', 'There is no such record to attach a file to.', {
        errors: [{ pointer: '/recordId', message: 'names no record' }],
      });
    }
  }

  /** 409 where the owner was removed, which those who see removed records may see; inside a transaction it stays in use until the end. */
  private async holdOwner(context: RequestContext, { recordType, recordId }: Owned): Promise<void> {
    const { resource } = owners[recordType];
    try {
      await this.records.hold(context, resource, recordId);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'record.not-found') throw error;
      context.consider({ tableName: tableOf(resource), ids: [recordId] });
      throw new DomainError('workflow.not-allowed', `This ${resource.noun} was removed; restore it before its files.`);
    }
  }

  /** Creates the row of a stored object, and removes the object where no row comes to stand for it. */
  private async record(context: RequestContext, row: Owned & { storageKey: string }): Promise<Rendered> {
    const { storageKey, ...request } = row;
    const outcome = { isNew: false };
    const prepare = () => this.holdOwner(context, row);
    const also = async () => void (outcome.isNew = true);
    try {
      const shown = await this.records.create(context, attachments, row, { prepare, also, request });
      // The same request came before: its own object stands for it.
      if (!outcome.isNew) await this.discard(storageKey);
      return shown;
    } catch (error) {
      if (isUndone(error)) await this.discard(storageKey);
      else this.logger.warn({ storageKey }, 'An upload has no known outcome; its object is kept');
      throw error;
    }
  }

  private async discard(storageKey: string): Promise<void> {
    await this.store.remove(storageKey).catch((error: unknown) => {
      this.logger.warn({ storageKey, cause: (error as Error).message }, 'An object without a row could not be removed');
    });
  }

  /** 404 for a file that the actor may not see, removed or not, and 403 where its record is not theirs to change. */
  private async mustBeChangeable(context: RequestContext, id: number): Promise<Owned> {
    const values: unknown[] = [id];
    const isTheirs = context.actor && ownedByReadable(context.actor, (value) => `$${values.push(value)}`);
    const [owned] = await this.database.query<Owned>(
      context,
      `SELECT t.record_type AS "recordType", t.record_id AS "recordId" FROM ${table} t
       WHERE t.id = $1 AND (${isTheirs ?? 'false'})`,
      values,
    );
    if (!owned || !Object.hasOwn(owners, owned.recordType)) throw notFound(id);
    try {
      await this.records.mustBeWritable(context, owners[owned.recordType].resource, owned.recordId);
      return owned;
    } catch (error) {
      throw error instanceof DomainError && error.code === 'record.not-found' ? notFound(id) : error;
    }
  }
}

/** 403, as for a field that its sender could not read back. */
function refuseCategory({ actor }: RequestContext, category: string | undefined, recordId?: number): void {
  if (category === undefined || (actor && coversCategory(actor, category))) return;
  throw new DomainError('access.field-denied', `Files of the category ${category} are not yours to see.`, {
    errors: [{ pointer: '/fileCategory', message: 'You may not file under this category.' }],
    refused: { tableName: table, recordId },
  });
}

/** Passes a file on once its beginning has been found to be of its kind, and the rest as it is checked. */
async function* checked(content: Readable, check: KindCheck): AsyncGenerator<Buffer> {
  const head: Buffer[] = [];
  let missing = headBytes;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    check.take(chunk);
    if (missing <= 0) {
      yield chunk;
      continue;
    }
    head.push(chunk);
    missing -= chunk.length;
    if (missing <= 0) yield await begun(head.splice(0), check);
  }
  if (missing > 0) yield await begun(head, check);
  check.end();
}

async function begun(chunks: Buffer[], check: KindCheck): Promise<Buffer> {
  const head = Buffer.concat(chunks);
  await check.begin(head);
  return head;
}

/** Random, below one of 256 folders. */
function newKey(): string {
  const id = randomUUID();
  return `${id.slice(0, 2)}/${id}`;
}

/** Whether it is certain that nothing was committed: not where the connection was lost, perhaps during the commit. */
function isUndone(error: unknown): boolean {
  if (!(error instanceof DomainError) || error.status !== 503) return true;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57|58|XX)/.test(code);
}

function notFound(id: number): DomainError {
  return new DomainError('record.not-found', 'There is no such attachment.', {
    refused: { tableName: table, recordId: id },
  });
}
