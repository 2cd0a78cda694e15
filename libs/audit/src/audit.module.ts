import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller';
import { AuditExportService } from './audit-export.service';
import { AuditSummaryService } from './audit-summary.service';
import { AuditWriter } from './audit-writer';
import { DisclosureGate } from './disclosure-gate';
import { PartitionsTask } from './partitions.task';
import { TrailService } from './trail.service';

@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditWriter, DisclosureGate, TrailService, AuditExportService, AuditSummaryService, PartitionsTask],
  exports: [AuditWriter, DisclosureGate, TrailService, AuditExportService, PartitionsTask],
})
export class AuditModule {}
