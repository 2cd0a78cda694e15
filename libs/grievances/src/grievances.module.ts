import { Module } from '@nestjs/common';
import { GrievancesController, OwnGrievancesController } from './grievances.controller';
import { GrievancesService } from './grievances.service';

@Module({
  controllers: [GrievancesController, OwnGrievancesController],
  providers: [GrievancesService],
  exports: [GrievancesService],
})
export class GrievancesModule {}
