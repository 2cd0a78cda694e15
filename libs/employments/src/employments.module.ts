import { Module } from '@nestjs/common';
import {
  EmploymentsController,
  EmploymentsOfMemberController,
  OwnEmploymentsController,
} from './employments.controller';
import { EmploymentsService } from './employments.service';

@Module({
  controllers: [EmploymentsController, EmploymentsOfMemberController, OwnEmploymentsController],
  providers: [EmploymentsService],
})
export class EmploymentsModule {}
