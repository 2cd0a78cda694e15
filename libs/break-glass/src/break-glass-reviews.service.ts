import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records } from '#records';
import type { CloseBreakGlassReview } from './break-glass-review.dto';
import { breakGlassReviews } from './break-glass-review.resource';

interface Held {
  openedBy: number;
  closedAt: string | null;
}

/** Reviews are opened by the ledger; here they are closed, once, and by somebody else. */
@Injectable()
export class BreakGlassReviewsService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
  ) {}

  close(context: RequestContext, id: number, { finding }: CloseBreakGlassReview): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const { openedBy, closedAt } = await this.records.hold<Held>(context, breakGlassReviews, id);
      const closedBy = context.actor?.userId;
      if (closedBy === openedBy) {
        throw new DomainError('access.denied', 'Nobody reviews an access of their own.', {
          refused: { tableName: 'break_glass_reviews', recordId: id },
        });
      }
      if (closedAt !== null) throw new DomainError('workflow.not-allowed', 'This review is closed.');
      return this.records.apply(context, breakGlassReviews, id, { finding, closedBy, closedAt: this.clock.now() });
    });
  }
}
