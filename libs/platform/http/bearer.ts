import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The token of `Authorization: Bearer …` (RFC 6750); undefined where the header is absent, empty where it is of another kind. */
export function bearerToken(execution: ExecutionContext): string | undefined {
  const header = execution.switchToHttp().getRequest<FastifyRequest>().headers.authorization;
  if (header === undefined) return undefined;
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1] ?? '';
}
