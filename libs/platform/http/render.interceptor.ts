import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { etagOf, matchesNone } from './conditional';
import { Rendered } from './rendered';

/** Gives what the audit released its HTTP form: ETag, Location, 304. It runs last, so a refused reply has no such headers. */
@Injectable()
export class RenderInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    return next.handle().pipe(
      map((body: unknown) => {
        if (!(body instanceof Rendered)) return body;
        return render(body, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
      }),
    );
  }
}

function render(body: Rendered, request: FastifyRequest, reply: FastifyReply): string | undefined {
  if (body.createdId !== undefined) reply.header('Location', `${request.url.split('?', 1)[0]}/${body.createdId}`);
  if (body.version !== undefined) {
    reply.header('ETag', etagOf(body.version));
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && matchesNone(request.headers['if-none-match'], body.version)) {
      reply.status(304);
      return undefined;
    }
  }
  reply.header('Content-Type', 'application/json; charset=utf-8');
  return body.json;
}
