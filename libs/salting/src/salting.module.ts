import { Module } from '@nestjs/common';
import { SaltingActivitiesController } from './salting-activities.controller';
import { SaltingActivitiesService } from './salting-activities.service';

@Module({ controllers: [SaltingActivitiesController], providers: [SaltingActivitiesService] })
export class SaltingModule {}
