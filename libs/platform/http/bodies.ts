import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';

/** The CSV a client sends, as a stream of bytes: the body itself (`text/csv`), or the first file of a multipart form. */
export const CsvBody = createParamDecorator((_: unknown, execution: ExecutionContext): Readable | Promise<Readable> => {
  const request = execution.switchToHttp().getRequest<FastifyRequest>();
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'text/csv') return request.body as Readable;
  if (mediaType === 'multipart/form-data') return firstFile(request);
  throw new DomainError('request.media-type-unsupported', 'Send text/csv, or a multipart form with one file.');
});

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
      payload.once('error', (error) => file.destroy(error));
      resolve(file);
    });
    form.once('error', (error: Error) => refuse(error.message));
    form.once('finish', () => refuse('The form holds no file.'));
    payload.pipe(form);
  });
}
