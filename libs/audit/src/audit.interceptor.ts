import { Injectable, StreamableFile, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { from, mergeMap, type Observable } from 'rxjs';
import { RequestContext } from '#platform/context';
import { AuditWriter } from './audit-writer';
import { factsOf } from './entry';

/**
 * Holds every reply until the entries that name what it shows are durable (P2). When they can not be, the reply is 503 and
 * the body is thrown away unseen.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly writer: AuditWriter) {}

  intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const context = RequestContext.current();
    return next.handle().pipe(mergeMap((body: unknown) => from(this.release(context, body))));
  }

  private async release(context: RequestContext, body: unknown): Promise<unknown> {
    try {
      const [only, ...others] = context.disclosures;
      if (only && others.length === 0) await this.writer.record(factsOf(only), context);
      else await Promise.all(context.disclosures.map((shown) => this.writer.record(factsOf(shown), context)));
      return body;
    } catch (error) {
      if (body instanceof StreamableFile) body.getStream().destroy();
      throw error;
    }
  }
}
