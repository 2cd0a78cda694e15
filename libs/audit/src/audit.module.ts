import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller';
import { AuditWriter } from './audit-writer';
import { DisclosureGate } from './disclosure-gate';
import { PartitionsTask } from './partitions.task';
import { TrailService } from './trail.service';

@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditWriter, DisclosureGate, TrailService, PartitionsTask],
  exports: [AuditWriter, DisclosureGate, TrailService, PartitionsTask],
})
export class AuditModule {}
