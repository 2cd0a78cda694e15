import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { recordController } from '#records';
import { breakGlassReviewFilters, BreakGlassReviewView, CloseBreakGlassReview } from './break-glass-review.dto';
import { breakGlassReviews } from './break-glass-review.resource';
import { BreakGlassReviewsService } from './break-glass-reviews.service';

@ApiTags('break-glass-reviews')
@Controller('break-glass-reviews')
export class BreakGlassReviewsController extends recordController(breakGlassReviews, {
  name: 'break-glass-reviews',
  filters: breakGlassReviewFilters,
  create: z.strictObject({}),
  update: z.strictObject({}),
}) {
  constructor(private readonly reviews: BreakGlassReviewsService) {
    super();
  }

  @Post(':id/close')
  @HttpCode(200)
  @Allow('break-glass-reviews:close', {
    summary: 'Close the review of somebody else’s access',
    reply: BreakGlassReviewView,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  close(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: z.infer<typeof fields.idParam>,
    @Body({ schema: CloseBreakGlassReview }) finding: CloseBreakGlassReview,
  ) {
    return this.reviews.close(context, id, finding);
  }
}
