import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { auditMetrics } from './audit.metrics';
import { AuditWriter } from './audit-writer';
import { BreakGlassService } from './break-glass.service';
import { factsOf } from './entry';

/**
 * Lets a reply go once the entries that name what it shows are durable, and once the account that asked is known to be what the
 * request was decided by. The interceptor asks it first and the HTTP server last of all; each disclosure is written once. When it
 * rejects, the reply is thrown away unseen.
 */
@Injectable()
export class DisclosureGate {
  constructor(
    private readonly writer: AuditWriter,
    private readonly breakGlass: BreakGlassService,
  ) {}

  /** Resolves when the reply may leave; undefined where there is nothing to wait for. */
  release(context: RequestContext): Promise<unknown> | undefined {
    const shown = context.disclosures.splice(0);
    if (shown.length === 0) {
      const { account } = context;
      return account && !account.isConfirmed ? this.writer.confirmAccount(context) : undefined;
    }
    if (context.actor?.breaksGlass) return this.breakGlass.record(context, shown);
    return this.writer.record(context, ...shown.flatMap(factsOf));
  }

  /** The same for the last hook before bytes leave. What the interceptor has released is not there any more. */
  releaseLast(context: RequestContext): Promise<unknown> | undefined {
    if (context.disclosures.length > 0) auditMetrics.releasedLast.inc();
    return this.release(context);
  }
}
