import { Catch, Injectable, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DomainError } from '#kernel';
import { RequestContext } from '#platform/context';
import { translateError } from '#platform/database';
import { contextOf } from './context.hook';
import { asDomainError, problemMediaType, problemOf } from './problem';

/** Where every error ends: problem+json outside, everything else in the log under the same request id. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  async catch(thrown: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const context = contextOf(request);
    // They belong to a reply that is not sent; those of this error are on record already.
    context.disclosures.length = 0;
    const error = await this.settle(asDomainError(translateError(thrown)), context);
    if (error.status >= 500) this.report(error, context);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (error.retryAfterSeconds) reply.header('Retry-After', error.retryAfterSeconds);
    if (error.status === 401) reply.header('WWW-Authenticate', 'Bearer');
    const instance = request.originalUrl.split('?', 1)[0] ?? '/';
    reply.status(error.status).header('Content-Type', problemMediaType);
    reply.send(JSON.stringify(problemOf(error, instance, context.requestId)));
  }

  /** A place to put a refusal on record before it is answered; may change the answer. */
  protected async settle(error: DomainError, _context: RequestContext): Promise<DomainError> {
    return error;
  }

  private report(error: DomainError, { requestId, route }: RequestContext): void {
    const cause = error.cause instanceof Error ? error.cause : error;
    const facts = { requestId, route, code: error.code };
    if (error.status === 503) this.logger.warn({ ...facts, cause: cause.message }, 'Request could not be served');
    else this.logger.error({ ...facts, err: cause }, 'Request failed');
  }
}
