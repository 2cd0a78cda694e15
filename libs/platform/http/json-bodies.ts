import type { FastifyInstance } from 'fastify';
import { DomainError } from '#kernel';

/** Values of one body. Each costs its checks some microseconds, and no operation takes as many. */
const maxValues = 10_000;

type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

/** Refuses a body of too many values before it is parsed. */
export function boundedJson(parse: JsonParser): JsonParser {
  return (request, body, done) => {
    if (holdsTooMany(body)) {
      done(new DomainError('request.invalid', `A body may hold ${maxValues} values.`));
      return;
    }
    return parse(request, body, done);
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
