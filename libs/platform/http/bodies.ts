import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';
import { Upload } from './upload';

/** Largest file of CSV, in bytes. */
const maxCsvBytes = 50 * 1024 * 1024;

/** Receives the CSV that a client sends, whole. The caller closes it. */
export type ReceiveCsv = () => Promise<Upload>;

/**
 * The CSV of a request: the body itself (`text/csv`), or the first file of a multipart form. The
 * handler receives it, so a request that is refused before leaves no file open.
 */
export const CsvBody = createParamDecorator((_: unknown, execution: ExecutionContext): ReceiveCsv => {
  const request = execution.switchToHttp().getRequest<FastifyRequest>();
  return async () => Upload.receive(await csvOf(request), maxCsvBytes);
});

function csvOf(request: FastifyRequest): Readable | Promise<Readable> {
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'text/csv') return request.body as Readable;
  if (mediaType === 'multipart/form-data') return firstFile(request);
  throw new DomainError('request.media-type-unsupported', 'Send text/csv, or a multipart form with one file.');
}

function firstFile({ headers, body }: FastifyRequest): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const refuse = (detail: string) => reject(new DomainError('request.malformed', detail));
    let form: InstanceType<typeof Busboy>;
    try {
      form = new Busboy({ headers: headers as BusboyHeaders, limits: { files: 1, fields: 10, fieldSize: 1024 } });
    } catch (error) {
      refuse((error as Error).message);
      return;
    }
    const payload = body as Readable;
    form.once('file', (_name: string, file: Readable) => {
      // The parser emits a form's end in mid-file on a file that nobody may read yet; destroyed, it keeps its error.
      file.on('error', (error) => file.destroy(error));
      payload.on('error', (error) => file.destroy(error));
      resolve(file);
    });
    payload.on('error', (error) => refuse(error.message));
    form.on('error', (error: Error) => refuse(error.message));
    form.once('finish', () => refuse('The form holds no file.'));
    payload.pipe(form);
  });
}
