import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The document as it leaves, made once: it has more than a megabyte. */
export class OpenApiReply {
  private readonly plain: Buffer;
  private readonly compressed: Buffer;
  private readonly etag: string;

  constructor(document: object) {
    this.plain = Buffer.from(JSON.stringify(document));
    this.compressed = gzipSync(this.plain, { level: 9 });
    this.etag = `"${createHash('sha256').update(this.plain).digest('base64url').slice(0, 27)}"`;
  }

  /** 304 for who has it already. */
  send({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
    reply.headers({ etag: this.etag, 'cache-control': 'no-cache', vary: 'Accept-Encoding' });
    if (headers['if-none-match']?.includes(this.etag)) return reply.code(304).send();
    reply.type('application/json; charset=utf-8');
    if (!takesGzip(headers['accept-encoding'])) return reply.send(this.plain);
    return reply.header('content-encoding', 'gzip').send(this.compressed);
  }
}

/** Whether the header names gzip, or any coding, without the weight zero. */
function takesGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0+)?\s*$).*)?$/i.test(coding));
}
