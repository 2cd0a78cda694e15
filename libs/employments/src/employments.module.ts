import { Module } from '@nestjs/common';
import { EmploymentsController, EmploymentsOfMemberController } from './employments.controller';
import { EmploymentsService } from './employments.service';

@Module({ controllers: [EmploymentsController, EmploymentsOfMemberController], providers: [EmploymentsService] })
export class EmploymentsModule {}
