import { Module } from '@nestjs/common';
import { LegalHoldsController } from './legal-holds.controller';
import { LegalHoldsService } from './legal-holds.service';
import { RetentionPoliciesController } from './retention-policies.controller';
import { RetentionPoliciesService } from './retention-policies.service';
import { RetentionService } from './retention.service';

@Module({
  controllers: [LegalHoldsController, RetentionPoliciesController],
  providers: [LegalHoldsService, RetentionPoliciesService, RetentionService],
  exports: [RetentionService],
})
export class RetentionModule {}
