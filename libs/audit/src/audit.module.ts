import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller';
import { AuditWriter } from './audit-writer';
import { PartitionsTask } from './partitions.task';
import { TrailService } from './trail.service';

@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditWriter, TrailService, PartitionsTask],
  exports: [AuditWriter, TrailService, PartitionsTask],
})
export class AuditModule {}
