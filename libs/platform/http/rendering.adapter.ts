import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { etagOf, matchesNone } from './conditional';
import { isReading } from './reading';
import { Rendered } from './rendered';

type Reply = FastifyAdapter['reply'];

/** Gives a rendered record its HTTP form: ETag, Location, 304. An adapter, because an interceptor would cost every read. */
export class RenderingAdapter extends FastifyAdapter {
  override reply(response: Parameters<Reply>[0], body: unknown, statusCode?: number): ReturnType<Reply> {
    if (!(body instanceof Rendered)) return super.reply(response, body, statusCode);
    const reply = response as FastifyReply;
    const { request } = reply;
    if (body.createdId !== undefined) reply.header('location', `${request.url.split('?', 1)[0]}/${body.createdId}`);
    if (body.version !== undefined) {
      reply.header('etag', etagOf(body.version));
      if (isReading(request) && matchesNone(request.headers['if-none-match'], body.version))
        return reply.code(304).send();
    }
    if (statusCode !== undefined) reply.code(statusCode);
    return reply.header('content-type', 'application/json; charset=utf-8').send(body.json);
  }
}
