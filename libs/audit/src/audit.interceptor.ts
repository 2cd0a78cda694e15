import { Readable } from 'node:stream';
import {
  Injectable,
  Logger,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { OutdatedError, type DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, translateError } from '#platform/database';
import { asDomainError, contextOf, Rendered } from '#platform/http';
import { auditMetrics } from './audit.metrics';
import { AuditWriter } from './audit-writer';
import { DisclosureGate, isRefusal } from './disclosure-gate';
import { unnotedIn } from './unnoted';

/**
 * The reply of a handler waits for its entry, and so does its error. The statement that writes the entry may find a cached
 * row, a replica or the account's rights out of date. The reply is then thrown away, the rights are
 * decided again, and the handler runs once more on the primary. A request is not run again when it
 * has committed something or its body is a stream. A reply that holds a record which nobody noted is
 * a fault of its handler: a 500, and an alert.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  private readonly logger = new Logger('audit');

  constructor(
    private readonly database: Database,
    private readonly gate: DisclosureGate,
    private readonly writer: AuditWriter,
  ) {}

  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = execution.switchToHttp().getRequest<Parameters<typeof contextOf>[0]>();
    const context = contextOf(request);
    try {
      return of(await this.attempt(context, next));
    } catch (error) {
      if (!(error instanceof OutdatedError) || context.hasCommitted) throw error;
      context.startOver(error);
    }
    await context.decideAgain();
    // A stream that was read is empty.
    if (request.body instanceof Readable) throw new OutdatedError();
    return of(await this.attempt(context, next));
  }

  private async attempt(context: RequestContext, next: CallHandler): Promise<unknown> {
    let reply: unknown;
    try {
      reply = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (thrown) {
      const error = asDomainError(translateError(thrown));
      // A refusal was decided by the account, too.
      if (isRefusal(error)) await this.writer.confirmAccount(context);
      else if (error.status < 500 || tellsLate(context, error)) await this.gate.releaseError(context, error);
      throw thrown;
    }
    try {
      this.refuseUnnoted(context, reply);
      await this.gate.release(context);
    } catch (error) {
      streamOf(reply)?.destroy();
      throw error;
    }
    return reply;
  }

  /** What Records have rendered they have noted in the same step. */
  private refuseUnnoted(context: RequestContext, reply: unknown): void {
    if (reply instanceof Rendered) return;
    const table = unnotedIn(reply, context, (entity) => this.database.dataSource.getMetadata(entity).tableName);
    if (table === undefined) return;
    auditMetrics.unnoted.inc();
    const { requestId, route: operation } = context;
    this.logger.error({ requestId, operation, table }, 'A reply held a record that nobody noted, and was refused');
    throw new Error(`The reply of ${operation} shows a record of ${table} that nobody noted.`);
  }
}

/**
 * Whether a fault came after records were looked at. It tells that they are there: else it would be a
 * 404 or 422. Of an attempt that is made again nothing is told.
 */
function tellsLate({ considered }: RequestContext, error: DomainError): boolean {
  if (error instanceof OutdatedError || error.code === 'audit.unavailable') return false;
  return considered.length + error.tells.length > 0;
}

function streamOf(reply: unknown): Readable | undefined {
  if (reply instanceof StreamableFile) return reply.getStream();
  return reply instanceof Readable ? reply : undefined;
}
