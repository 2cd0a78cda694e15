import { Module } from '@nestjs/common';
import { AccessLogService } from './access-log.service';
import { ImportsTask } from './imports.task';
import { MeController } from './me.controller';
import { MemberMergeService } from './member-merge.service';
import { MembersController } from './members.controller';
import { MembersImport } from './members.import';
import { MembersService } from './members.service';

@Module({
  controllers: [MembersController, MeController],
  providers: [MembersService, MemberMergeService, MembersImport, ImportsTask, AccessLogService],
})
export class MembersModule {}
