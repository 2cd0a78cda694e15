import { Module } from '@nestjs/common';
import { BreakGlassReviewsController } from './break-glass-reviews.controller';
import { BreakGlassReviewsService } from './break-glass-reviews.service';

@Module({ controllers: [BreakGlassReviewsController], providers: [BreakGlassReviewsService] })
export class BreakGlassModule {}
