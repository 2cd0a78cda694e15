import { Injectable } from '@nestjs/common';
import { PersonsService } from '#access';
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
    private readonly persons: PersonsService,
    private readonly clock: Clock,
  ) {}

  close(context: RequestContext, id: number, { finding }: CloseBreakGlassReview): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const { openedBy, closedAt } = await this.records.hold<Held>(context, breakGlassReviews, id);
      await this.persons.refuseOwn(context, { userId: openedBy }, 'Nobody reviews an access of their own.', {
        tableName: 'break_glass_reviews',
        recordId: id,
      });
      if (closedAt !== null) throw new DomainError('workflow.not-allowed', 'This review is closed.');
      const closed = { finding, closedBy: context.actor?.userId, closedAt: this.clock.now() };
      return this.records.apply(context, breakGlassReviews, id, closed);
    });
  }
}
