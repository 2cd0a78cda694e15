import { Injectable } from '@nestjs/common';
import { OutdatedError, type DomainError, type Limited } from '#kernel';
import type { RequestContext } from '#platform/context';
import { asDomainError, ProblemFilter } from '#platform/http';
import { AuditWriter } from './audit-writer';
import { LimitedRequestsService } from './limited-requests.service';

/** Not authenticated, not permitted, no reason given. */
const refusals = [401, 403, 428];

/**
 * Puts refused requests on record before they are answered: 401, 403, 428, and a 404 that may hide a record from its asker.
 * Break-glass that met no record has opened nothing, but is on record as what it is.
 * Of requests beyond a limit most are counted only. Guards run before interceptors, so this is the one place that sees them all. A log-in records its own failure.
 */
@Injectable()
export class RefusalFilter extends ProblemFilter {
  constructor(
    private readonly writer: AuditWriter,
    private readonly limitedRequests: LimitedRequestsService,
  ) {
    super();
  }

  protected override async settle(thrown: DomainError, context: RequestContext): Promise<DomainError> {
    if (thrown.limited) return this.count(thrown.limited, thrown, context);
    const error = await this.stillTrue(thrown, context);
    const isRefusal = refusals.includes(error.status) || error.refused !== undefined;
    const breaksGlass = context.actor?.breaksGlass && error.status === 404;
    if (!isRefusal || error.code === 'auth.login-failed') return error;
    const [decidedBy] = context.considered;
    try {
      await this.writer.record(context, {
        action: breaksGlass ? 'BREAK_GLASS' : 'ACCESS_DENIED',
        ...(decidedBy && { tableName: decidedBy.tableName, recordId: decidedBy.ids[0] }),
        ...error.refused,
        outcome: breaksGlass ? 'failed' : 'denied',
        notes: error.code,
      });
      return error;
    } catch (failure) {
      return asDomainError(failure);
    }
  }

  /**
   * A guard refused by an account that may have changed since it was looked up: another refusal, if its rights have. A handler's
   * refusals come with an account that the interceptor has confirmed.
   */
  private async stillTrue(error: DomainError, context: RequestContext): Promise<DomainError> {
    if (error.status >= 500) return error;
    try {
      await this.writer.confirmAccount(context);
      return error;
    } catch (failure) {
      if (!(failure instanceof OutdatedError)) return asDomainError(failure);
    }
    try {
      await context.decideAgain();
      return error;
    } catch (refusal) {
      return asDomainError(refusal);
    }
  }

  private async count(limited: Limited, error: DomainError, context: RequestContext): Promise<DomainError> {
    await this.limitedRequests.note(context, limited);
    return error;
  }
}
