import { Injectable } from '@nestjs/common';
import type { DomainError } from '#kernel';
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

  protected override async settle(error: DomainError, context: RequestContext): Promise<DomainError> {
    if (error.limited) {
      await this.limitedRequests.note(context, error.limited);
      return error;
    }
    const isRefusal = refusals.includes(error.status) || error.refused !== undefined;
    const breaksGlass = context.actor?.breaksGlass && error.status === 404;
    if (!isRefusal || error.code === 'auth.login-failed') return error;
    try {
      await this.writer.record(context, {
        action: breaksGlass ? 'BREAK_GLASS' : 'ACCESS_DENIED',
        ...error.refused,
        outcome: breaksGlass ? 'failed' : 'denied',
        notes: error.code,
      });
      return error;
    } catch (failure) {
      return asDomainError(failure);
    }
  }
}
