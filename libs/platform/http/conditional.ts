import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';

export const etagOf = (version: string) => `"${version}"`;

/** The versions of an If-Match header; undefined when it is absent or `*`, which any existing record meets. */
function versionsOf(header: string | undefined): string[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[^"]*"$/.test(tag))) {
    throw new DomainError('request.malformed', 'If-Match must hold ETags, such as "123", or *.');
  }
  // A weak tag never matches (RFC 9110 §8.8.3.2), nor does one that is no version of ours.
  return tags.filter((tag) => /^"\d{1,18}"$/.test(tag)).map((tag) => tag.slice(1, -1));
}

/** Whether an If-None-Match header names this version; the comparison is weak (RFC 9110 §13.1.2). */
export function matchesNone(header: string | undefined, version: string): boolean {
  if (header === undefined) return false;
  const wanted = etagOf(version);
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === wanted);
}

/** The versions a client will have changed (`If-Match`), as a handler's parameter. */
export const IfMatch = createParamDecorator((_: unknown, execution: ExecutionContext): string[] | undefined =>
  versionsOf(execution.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);
