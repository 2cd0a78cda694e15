import { Module } from '@nestjs/common';
import { AccessLogService } from './access-log.service';
import { ImportsTask } from './imports.task';
import { MeController } from './me.controller';
import { MembersController } from './members.controller';
import { MembersImport } from './members.import';

@Module({
  controllers: [MembersController, MeController],
  providers: [MembersImport, ImportsTask, AccessLogService],
})
export class MembersModule {}
