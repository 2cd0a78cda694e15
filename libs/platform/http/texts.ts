import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';

/** Refuses an address and a media type whose text is not UTF-8: it would be stored, and shown, as something else. */
export function refuseForeignText(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => done(faultOf(request)));
}

function faultOf({ raw: { url = '' }, headers }: FastifyRequest): DomainError | undefined {
  if (!isUtf8Url(url)) return new DomainError('request.malformed', 'The address must be percent-encoded UTF-8.');
  const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(headers['content-type'] ?? '') ?? [];
  if (charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset)) return undefined;
  return new DomainError('request.media-type-unsupported', 'Send text as UTF-8.');
}

/** Node hands on other bytes as Latin-1. */
function isUtf8Url(url: string): boolean {
  if (/[^!-~]/.test(url)) return false;
  if (!url.includes('%')) return true;
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
