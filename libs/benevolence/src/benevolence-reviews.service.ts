import { Injectable } from '@nestjs/common';
import { PersonsService } from '#access';
import { DomainError, invalid } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { BenevolenceApplication } from './benevolence-application.entity';
import { BenevolenceApplicationsService, mustBe } from './benevolence-applications.service';
import type { CreateBenevolenceReview } from './benevolence.dto';
import { applications, reviews } from './benevolence.resource';

/** Levels that must approve an amount below the bound, in dollars. */
const requiredLevels = [
  { below: 500, levels: 1 },
  { below: 2_000, levels: 2 },
  { below: Infinity, levels: 3 },
] as const;

/** Reviews, each of which moves its application. */
@Injectable()
export class BenevolenceReviewsService implements Verbs<CreateBenevolenceReview, never> {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly persons: PersonsService,
    private readonly applications: BenevolenceApplicationsService,
  ) {}

  /** The application is held meanwhile, so that reviews of it are counted one after the other. */
  create(context: RequestContext, request: CreateBenevolenceReview): Promise<Rendered> {
    const reviewDate = request.reviewDate ?? this.applications.today();
    const record = { ...request, reviewerId: context.actor?.userId, reviewDate };
    let application: BenevolenceApplication;
    return this.records.create(context, reviews, record, {
      request,
      prepare: async () => {
        application = await this.applications.hold(context, request.applicationId);
        await this.applications.refuseOwn(context, application, 'reviews');
        mustBe(application, ['submitted', 'under_review']);
        if (request.decision === 'approved') await this.refuseSecondApproval(context, request);
        refuseAmount(application, request);
      },
      also: () => this.move(context, application, request.decision),
    });
  }

  /** What reviewers would approve becomes the approved amount, and visible to the applicant, when enough of them have. */
  private async move(
    context: RequestContext,
    { id, amountRequested }: BenevolenceApplication,
    decision: CreateBenevolenceReview['decision'],
  ): Promise<void> {
    const { levels, amount } = await this.approvals(context, id);
    const isComplete = decision === 'approved' && levels >= required(amountRequested);
    const status = decision === 'denied' ? 'denied' : isComplete ? 'approved' : 'under_review';
    const approvedAmount = isComplete ? (amount ?? amountRequested) : undefined;
    await this.records.set(context, applications, id, { status, approvedAmount });
  }

  /**
   * How many levels have approved, each by another person, and the amount that was named last. Of several approvals by one
   * person, which accounts made before they were known to be one, the first counts.
   */
  private async approvals(
    context: RequestContext,
    applicationId: number,
  ): Promise<{ levels: number; amount: string | null }> {
    const [counted] = await this.database.query<{ levels: number; amount: string | null }>(
      context,
      `SELECT count(DISTINCT review_level)::integer AS levels,
         (array_agg(approved_amount::text ORDER BY id DESC) FILTER (WHERE approved_amount IS NOT NULL))[1] AS amount
       FROM (SELECT DISTINCT ON (p.person) r.* FROM benevolence_reviews r
         CROSS JOIN LATERAL (SELECT min(account) AS person FROM person_accounts(r.reviewer_id) AS account) p
         WHERE r.application_id = $1 AND r.decision = 'approved' ORDER BY p.person, r.id) AS first`,
      [applicationId],
    );
    return counted ?? { levels: 0, amount: null };
  }

  private async refuseSecondApproval(
    context: RequestContext,
    { applicationId }: CreateBenevolenceReview,
  ): Promise<void> {
    const { userIds } = await this.persons.acting(context);
    const [approval] = await this.database.query<{ id: number }>(
      context,
      `SELECT id FROM benevolence_reviews
       WHERE application_id = $1 AND decision = 'approved' AND reviewer_id = ANY ($2::integer[]) LIMIT 1`,
      [applicationId, userIds],
    );
    if (!approval) return;
    context.consider({ tableName: 'benevolence_reviews', ids: [approval.id] });
    throw new DomainError(
      'record.duplicate',
      'You have approved this application; another person approves the next level.',
    );
  }
}

function refuseAmount({ amountRequested }: BenevolenceApplication, review: CreateBenevolenceReview): void {
  if (review.approvedAmount === undefined) return;
  if (review.decision !== 'approved') throw invalid('/approvedAmount', 'goes with an approval only');
  // Both have two decimals at most, which doubles compare exactly at this size.
  if (Number(review.approvedAmount) > Number(amountRequested)) {
    throw invalid('/approvedAmount', `must be at most ${amountRequested}, what was asked for`);
  }
}

function required(amountRequested: string): number {
  return requiredLevels.find(({ below }) => Number(amountRequested) < below)?.levels ?? 3;
}
