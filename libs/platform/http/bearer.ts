import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The token of `Authorization: Bearer …` (RFC 6750); undefined where the header is absent, empty where it is of another kind. */
export function bearerToken(execution: ExecutionContext): string | undefined {
  return bearerTokenOf(execution.switchToHttp().getRequest<FastifyRequest>());
}

export function bearerTokenOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const header = headers.authorization;
  if (header === undefined) return undefined;
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1] ?? '';
}
