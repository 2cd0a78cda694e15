import { Injectable, Logger } from '@nestjs/common';
import { tellsOfRecords, type DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { auditMetrics } from './audit.metrics';
import { AuditWriter } from './audit-writer';
import { BreakGlassService } from './break-glass.service';
import { ConsideredRecords } from './considered-records';
import { factsOf } from './entry';

/**
 * Lets a reply go once the entries that name what it shows are durable, and once the account that asked is known to be what the
 * request was decided by. The interceptor asks it first and the HTTP server last of all; each disclosure is written once. When it
 * rejects, the reply is thrown away unseen.
 */
@Injectable()
export class DisclosureGate {
  private readonly logger = new Logger('audit');

  constructor(
    private readonly writer: AuditWriter,
    private readonly breakGlass: BreakGlassService,
    private readonly records: ConsideredRecords,
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

  /**
   * The same for an error that is no refusal: it tells of the records that it was decided by. Rejects where its code tells of a
   * record and nobody noted one, which is a fault of the program.
   */
  async releaseError(context: RequestContext, error: DomainError): Promise<void> {
    context.disclosures.length = 0;
    const told = await this.records.toldBy(context, error);
    if (told.length === 0 && tellsOfRecords(error.code)) throw this.unnoted(context, error);
    for (const records of told) context.disclose({ ...records, list: records.ids.length > 1, notes: error.code });
    await this.release(context);
  }

  private unnoted({ requestId, route: operation }: RequestContext, { code }: DomainError): Error {
    auditMetrics.unnoted.inc();
    this.logger.error({ requestId, operation, code }, 'An error told of a record that nobody noted, and was refused');
    return new Error(`The error ${code} of ${operation} tells of a record that nobody noted.`);
  }

  /** The same for the last hook before bytes leave. What the interceptor has released is not there any more. */
  releaseLast(context: RequestContext): Promise<unknown> | undefined {
    if (context.disclosures.length > 0) auditMetrics.releasedLast.inc();
    return this.release(context);
  }
}

/** Whether an error says no more than that something is refused to this actor, or is not there. Refusals have their own entries. */
export function isRefusal({ status, code, refused }: DomainError): boolean {
  return [401, 403, 428, 429].includes(status) || refused !== undefined || code === 'record.not-found';
}
