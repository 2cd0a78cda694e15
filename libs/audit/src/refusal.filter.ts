import { Injectable } from '@nestjs/common';
import type { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { asDomainError, ProblemFilter } from '#platform/http';
import { AuditWriter } from './audit-writer';

/** Not authenticated, not permitted, no reason given. */
const refusals = [401, 403, 428];

/**
 * Puts refused requests on record before they are answered: 401, 403, 428, and a 404 that may hide a record from its asker.
 * Guards run before interceptors, so this is the one place that sees them all. A log-in records its own failure.
 */
@Injectable()
export class RefusalFilter extends ProblemFilter {
  constructor(private readonly writer: AuditWriter) {
    super();
  }

  protected override async settle(error: DomainError, context: RequestContext): Promise<DomainError> {
    const isRefusal = refusals.includes(error.status) || error.refused !== undefined;
    if (!isRefusal || error.code === 'auth.login-failed') return error;
    try {
      await this.writer.record(context, {
        action: 'ACCESS_DENIED',
        ...error.refused,
        outcome: 'denied',
        notes: error.code,
      });
      return error;
    } catch (failure) {
      return asDomainError(failure);
    }
  }
}
