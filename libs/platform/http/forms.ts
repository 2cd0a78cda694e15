import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { PassThrough, type Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { DomainError, invalid } from '#kernel';
import { validated } from './validation.pipe';

/** The part of the form that is the file; the fields stand before it, so that they are known while it streams. */
const filePart = 'file';
const limits = { files: 1, fields: 10, parts: 12, fieldSize: 8 * 1024, headerPairs: 20, headerSize: 16 * 1024 };
/** A form of which nothing comes for this long, in ms, is given up. */
const idleMs = 30_000;
/** What of a refused form is still taken in, in bytes, so that the client hears why; more ends the connection. */
const maxDrained = 64 * 1024 * 1024;

/** A multipart form of fields and one file. */
export interface FileForm<Fields> {
  fields: Fields;
  /** The file's name as the client sent it: anything at all. */
  fileName: string;
  /**
   * The bytes, as they arrive. The stream ends only once the whole form has ended as it should; it fails with 413 past
   * `maxBytes`, 422 where it is empty, 408 or 400 where the client goes away, and 400 where anything follows the file.
   */
  content: Readable;
}

/** The form a client sends, as a handler's parameter; 422 for fields that the schema refuses. */
export function FileFormBody(schema: z.ZodType, maxBytes: number): ParameterDecorator {
  const decorator = createParamDecorator(async (_: unknown, execution: ExecutionContext) => {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (mediaType !== 'multipart/form-data') {
      throw new DomainError('request.media-type-unsupported', 'Send a multipart form.');
    }
    const reader = new FormReader(request.headers as BusboyHeaders, request.body as Readable, maxBytes);
    try {
      const { fields, ...file } = await reader.begin();
      return { ...file, fields: validated(schema, fields) };
    } catch (error) {
      reader.fail(error);
      throw error;
    }
  });
  return decorator();
}

type Parser = InstanceType<typeof Busboy>;

/** Reads one form. Whatever fails first is what the caller learns, and ends everything else. */
class FormReader {
  private readonly content = new PassThrough();
  private readonly fields: Record<string, string> = {};
  private form?: Parser;
  private fileName?: string;
  private size = 0;
  private failure: unknown;
  private idle?: NodeJS.Timeout;
  private refuse: (error: unknown) => void = () => {};

  constructor(
    private readonly headers: BusboyHeaders,
    private readonly payload: Readable,
    private readonly maxBytes: number,
  ) {
    // Whoever reads the content hears of its failure; until somebody does, it must not end the program.
    this.content.on('error', () => {});
  }

  /** Resolves when the file begins, with the fields before it. */
  begin(): Promise<FileForm<Record<string, string>>> {
    return new Promise((resolve, reject) => {
      this.refuse = reject;
      const form = this.open();
      if (!form) return;
      form.on('field', (name, value, _nameCut, isCut) => this.takeField(name, value, isCut));
      form.on('file', (name, file, fileName) => {
        this.takeFile(name, file, fileName);
        if (this.failure) return;
        resolve({ fields: this.fields, fileName: this.fileName ?? '', content: this.content });
      });
      for (const event of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) {
        form.on(event, () => this.fail(malformed('The form must hold its fields, then one file, and nothing else.')));
      }
      form.on('error', (error) => this.fail(malformed((error as Error).message)));
      form.on('finish', () => this.finish());
      this.payload.on('error', () => this.fail(malformed('The form was broken off.')));
      this.payload.on('close', () => {
        if (!this.payload.readableEnded) this.fail(malformed('The form was broken off.'));
      });
      this.payload.on('data', () => this.idle?.refresh());
      this.idle = setTimeout(() => this.fail(new DomainError('request.timed-out', 'The form did not go on.')), idleMs);
      this.payload.pipe(form);
    });
  }

  /** Ends the reading, if it has not ended yet; what the client still sends is thrown away. */
  fail(error: unknown): void {
    if (this.failure) return;
    this.failure = error;
    clearTimeout(this.idle);
    this.refuse(error);
    this.content.destroy(error as Error);
    const { payload } = this;
    if (this.form) payload.unpipe(this.form);
    let drained = 0;
    payload.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > maxDrained) payload.destroy();
    });
    payload.resume();
  }

  private open(): Parser | undefined {
    try {
      return (this.form = new Busboy({ headers: this.headers, limits, preservePath: true }));
    } catch (error) {
      this.fail(malformed((error as Error).message));
      return undefined;
    }
  }

  private takeField(name: string, value: string, isCut: boolean): void {
    if (!isUtf8(name + value)) this.fail(notUtf8());
    else if (this.fileName !== undefined) this.fail(malformed('The fields must stand before the file.'));
    else if (Object.hasOwn(this.fields, name)) this.fail(invalid(`/${name.slice(0, 100)}`, 'is sent twice'));
    else if (isCut) this.fail(invalid(`/${name.slice(0, 100)}`, 'is too long'));
    else Object.defineProperty(this.fields, name, { value, enumerable: true });
  }

  private takeFile(name: string, file: Readable, fileName: string | undefined): void {
    file.on('error', () => this.fail(malformed('The form ends in the middle of its file.')));
    if (name !== filePart || !fileName) {
      this.fail(invalid(`/${filePart}`, `must be a file with a name, in the part "${filePart}"`));
      file.resume();
      return;
    }
    if (!isUtf8(fileName)) this.fail(notUtf8());
    this.fileName = fileName;
    file.on('data', (chunk: Buffer) => {
      if (this.failure) return;
      this.size += chunk.length;
      if (this.size > this.maxBytes) {
        this.fail(new DomainError('request.too-large', `A file may hold ${this.maxBytes / 1024 / 1024} MiB.`));
      } else if (!this.content.write(chunk)) file.pause();
    });
    this.content.on('drain', () => file.resume());
    // The reader has no use for more: it refused what it saw, or failed itself.
    this.content.on('close', () => {
      if (!this.content.readableEnded) this.fail(malformed('The form was not read to its end.'));
    });
  }

  /** The closing boundary has been read: the form is whole. */
  private finish(): void {
    clearTimeout(this.idle);
    if (this.failure) return;
    if (this.fileName === undefined) this.fail(malformed('The form holds no file.'));
    else if (this.size === 0) this.fail(invalid(`/${filePart}`, 'is empty'));
    else this.content.end();
  }
}

/** The parser puts U+FFFD where bytes are no UTF-8. */
function isUtf8(text: string): boolean {
  return !text.includes('\ufffd');
}

function notUtf8(): DomainError {
  return malformed('The names and fields of the form must be UTF-8.');
}

function malformed(detail: string): DomainError {
  return new DomainError('request.malformed', detail);
}
