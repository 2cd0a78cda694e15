import { Injectable, Logger } from '@nestjs/common';
import { OutdatedError, unavailable } from '#kernel';
import type { Disclosure, RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { auditMetrics } from './audit.metrics';
import { BreakGlassReview } from './break-glass-review.entity';
import { AuditWriter } from './audit-writer';

/** Puts each use of break-glass on record, on the list of what is to be reviewed, and before the eyes of an operator. */
@Injectable()
export class BreakGlassService {
  private readonly logger = new Logger('audit');

  constructor(
    private readonly database: Database,
    private readonly writer: AuditWriter,
  ) {}

  /**
   * Resolves when each record that is shown has its entry and its open review, all of them durable; rejects with a 503
   * otherwise, and then there is none.
   */
  async record(context: RequestContext, disclosures: Disclosure[]): Promise<void> {
    const { actor, reason, requestId, route: operation } = context;
    const reviewIds: number[] = [];
    try {
      await this.database.transaction(context, async () => {
        for (const { tableName, ids } of disclosures) {
          await this.writer.record(context, { action: 'BREAK_GLASS', tableName, recordId: ids[0] });
          // The entry took its number in this transaction, so in this session of the database.
          const review = {
            entryId: () => `currval('audit_logs_id_seq')`,
            ...{ tableName, recordId: String(ids[0]), openedBy: actor?.userId ?? undefined, reason },
          };
          const { identifiers } = await this.database.manager(context).insert(BreakGlassReview, review);
          reviewIds.push(...identifiers.map(({ id }) => id as number));
        }
      });
    } catch (error) {
      if (error instanceof OutdatedError) throw error;
      auditMetrics.refused.inc();
      throw unavailable('audit.unavailable', 'The access could not be recorded, so nothing is shown.', error);
    }
    auditMetrics.breakGlass.inc(reviewIds.length);
    for (const reviewId of reviewIds)
      this.logger.warn({ requestId, operation, userId: actor?.userId, reviewId }, 'Break-glass was used');
  }

  async openReviews(): Promise<number> {
    const [open] = await this.database.query<{ count: number }>(
      undefined,
      'SELECT count(*)::integer AS count FROM break_glass_reviews WHERE closed_at IS NULL',
    );
    return open?.count ?? 0;
  }
}
