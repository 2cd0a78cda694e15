import { Module } from '@nestjs/common';
import { AccessLogService } from './access-log.service';
import { MeController } from './me.controller';
import { MembersController } from './members.controller';
import { MembersImport } from './members.import';
import { MembersService } from './members.service';

@Module({
  controllers: [MembersController, MeController],
  providers: [MembersService, MembersImport, AccessLogService],
  exports: [MembersService],
})
export class MembersModule {}
