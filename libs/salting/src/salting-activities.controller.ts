import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { recordController } from '#records';
import { SaltingActivitiesService } from './salting-activities.service';
import { activityFilters, CreateSaltingActivity, UpdateSaltingActivity } from './salting-activity.dto';
import { activities } from './salting-activity.resource';

@ApiTags('salting-activities')
@Controller('salting-activities')
export class SaltingActivitiesController extends recordController(activities, {
  name: 'salting-activities',
  filters: activityFilters,
  create: CreateSaltingActivity,
  update: UpdateSaltingActivity,
  rules: SaltingActivitiesService,
}) {}
