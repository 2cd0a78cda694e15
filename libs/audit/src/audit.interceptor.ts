import { Readable } from 'node:stream';
import {
  Injectable,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { OutdatedError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { translateError } from '#platform/database';
import { asDomainError, contextOf } from '#platform/http';
import { AuditWriter } from './audit-writer';
import { DisclosureGate } from './disclosure-gate';

/**
 * The reply of a handler waits for its entry. The statement that writes the entry may find a cached
 * row, a replica or the account's rights out of date. The reply is then thrown away, the rights are
 * decided again, and the handler runs once more on the primary. A request is not run again when it
 * has committed something or its body is a stream.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
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
    await context.decideAgain?.();
    // A stream that was read is empty.
    if (request.body instanceof Readable) throw new OutdatedError();
    return of(await this.attempt(context, next));
  }

  private async attempt(context: RequestContext, next: CallHandler): Promise<unknown> {
    let reply: unknown;
    try {
      reply = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      // A refusal was decided by the account, too.
      if (isRefusal(error)) await this.writer.confirmAccount(context);
      throw error;
    }
    try {
      await this.gate.release(context);
    } catch (error) {
      streamOf(reply)?.destroy();
      throw error;
    }
    return reply;
  }
}

function isRefusal(error: unknown): boolean {
  return asDomainError(translateError(error)).status < 500;
}

function streamOf(reply: unknown): Readable | undefined {
  if (reply instanceof StreamableFile) return reply.getStream();
  return reply instanceof Readable ? reply : undefined;
}
