import { isUtf8 } from 'node:buffer';
import type { FastifyBodyParser, FastifyInstance } from 'fastify';
import { DomainError } from '#kernel';

/** Values of one body. Each costs its checks some microseconds, and no operation takes as many. */
const maxValues = 10_000;

/**
 * Parses a body of JSON, which is UTF-8 (RFC 8259): 400 for other bytes, 422 for too many values. No bytes are no body,
 * whatever the media type: clients send the header with a request that has none.
 */
export function boundedJson(parse: ReturnType<FastifyInstance['getDefaultJsonParser']>): FastifyBodyParser<Buffer> {
  return (request, body, done) => {
    const text = body.toString();
    if (text === '') done(null, undefined);
    else if (!isUtf8(body)) done(new DomainError('request.malformed', 'The body must be UTF-8.'));
    else if (holdsTooMany(text)) done(new DomainError('request.invalid', `A body may hold ${maxValues} values.`));
    else return parse(request, text, done);
  };
}

/** Counts what begins a value; in a text it counts, too. */
function holdsTooMany(text: string): boolean {
  let begun = 0;
  for (let at = 0; at < text.length && text.length > maxValues; at += 1) {
    const char = text.charCodeAt(at);
    if (char === 0x2c || char === 0x5b || char === 0x7b) begun += 1;
    if (begun > maxValues) return true;
  }
  return false;
}
