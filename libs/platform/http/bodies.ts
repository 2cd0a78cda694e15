import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';

/** The CSV a client sends, as a stream of bytes: the body itself (`text/csv`), or the one file of a multipart form. */
export const CsvBody = createParamDecorator(async (_: unknown, execution: ExecutionContext): Promise<Readable> => {
  const request = execution.switchToHttp().getRequest<FastifyRequest>();
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'text/csv') return request.body as Readable;
  if (mediaType === 'multipart/form-data') {
    const part = await request.file();
    if (part) return part.file;
    throw new DomainError('request.malformed', 'The form holds no file.');
  }
  throw new DomainError('request.media-type-unsupported', 'Send text/csv, or a multipart form with one file.');
});
