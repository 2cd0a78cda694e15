import { Module } from '@nestjs/common';
import {
  BenevolenceApplicationsController,
  BenevolenceReviewsController,
  OwnApplicationsController,
} from './benevolence.controller';
import { BenevolenceApplicationsService } from './benevolence-applications.service';
import { BenevolenceReviewsService } from './benevolence-reviews.service';

@Module({
  controllers: [BenevolenceApplicationsController, BenevolenceReviewsController, OwnApplicationsController],
  providers: [BenevolenceApplicationsService, BenevolenceReviewsService],
  exports: [BenevolenceApplicationsService],
})
export class BenevolenceModule {}
