import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { recordController } from '#records';
import { RetentionPoliciesService } from './retention-policies.service';
import { CreateRetentionPolicy, retentionPolicyFilters, UpdateRetentionPolicy } from './retention-policy.dto';
import { retentionPolicies } from './retention-policy.resource';

@ApiTags('retention-policies')
@Controller('retention-policies')
export class RetentionPoliciesController extends recordController(retentionPolicies, {
  name: 'retention-policies',
  filters: retentionPolicyFilters,
  create: CreateRetentionPolicy,
  update: UpdateRetentionPolicy,
  changing: 'What is archived already keeps the date that it was promised.',
  rules: RetentionPoliciesService,
}) {}
