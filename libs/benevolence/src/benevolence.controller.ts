import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import { ownId } from '#members';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { recordController, RecordLists, type ListQuery } from '#records';
import { BenevolenceApplicationsService } from './benevolence-applications.service';
import { BenevolenceReviewsService } from './benevolence-reviews.service';
import {
  applicationFilters,
  ApplicationsOfMember,
  BenevolenceApplicationPage,
  BenevolenceApplicationView,
  CreateBenevolenceApplication,
  CreateBenevolenceReview,
  Payment,
  reviewFilters,
  UpdateBenevolenceApplication,
} from './benevolence.dto';
import { applications, ownApplications, reviews } from './benevolence.resource';

type Id = z.infer<typeof fields.idParam>;

@ApiTags('benevolence-applications')
@Controller('benevolence-applications')
export class BenevolenceApplicationsController extends recordController(applications, {
  name: 'benevolence-applications',
  filters: applicationFilters,
  create: CreateBenevolenceApplication,
  update: UpdateBenevolenceApplication,
  changing: 'What was asked for can be changed in a draft; notes at any time.',
  rules: BenevolenceApplicationsService,
  errors: ['workflow.not-allowed'],
}) {
  constructor(private readonly applications: BenevolenceApplicationsService) {
    super();
  }

  @Post(':id/submit')
  @HttpCode(200)
  @Allow('benevolence-applications:submit', {
    summary: 'Submit a draft',
    reply: BenevolenceApplicationView,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  submit(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.applications.submit(context, id);
  }

  @Post(':id/pay')
  @HttpCode(200)
  @Allow('benevolence-applications:pay', {
    summary: 'Record the payment of an approved application',
    reply: BenevolenceApplicationView,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  pay(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: Payment }) payment: Payment,
  ) {
    return this.applications.pay(context, id, payment);
  }
}

@ApiTags('benevolence-reviews')
@Controller('benevolence-reviews')
export class BenevolenceReviewsController extends recordController(reviews, {
  name: 'benevolence-reviews',
  filters: reviewFilters,
  create: CreateBenevolenceReview,
  update: z.strictObject({}),
  rules: BenevolenceReviewsService,
  errors: ['workflow.not-allowed', 'record.not-found'],
}) {}

/** A member's own applications. */
@ApiTags('me')
@Controller('me/benevolence-applications')
export class OwnApplicationsController {
  constructor(private readonly lists: RecordLists) {}

  @Get()
  @Allow('me:benevolence-applications', {
    summary: 'List my own benevolence applications',
    reply: BenevolenceApplicationPage,
    errors: ['record.not-found'],
  })
  list(@Context() context: RequestContext, @Query({ schema: ApplicationsOfMember }) query: ListQuery) {
    return this.lists.list(context, ownApplications, { ...query, memberId: ownId(context) });
  }
}
