import { Global, Module } from '@nestjs/common';
import { ArchivedEvidence } from './archived-evidence';
import { ArchivedTrail } from './archived-trail';
import { AuditController } from './audit.controller';
import { AuditExportService } from './audit-export.service';
import { AuditSummaryService } from './audit-summary.service';
import { AuditHealth } from './audit.health';
import { AuditSubscriber } from './audit.subscriber';
import { AuditWriter } from './audit-writer';
import { BreakGlassService } from './break-glass.service';
import { ConsideredRecords } from './considered-records';
import { DisclosureGate } from './disclosure-gate';
import { ExportLeases } from './export-leases';
import { LimitedRequestsService } from './limited-requests.service';
import { PartitionsTask } from './partitions.task';
import { TrailService } from './trail.service';
import { WeaknessesTask } from './weaknesses.task';

const doors = [
  AuditHealth,
  AuditWriter,
  BreakGlassService,
  DisclosureGate,
  ExportLeases,
  TrailService,
  AuditExportService,
  PartitionsTask,
  ArchivedEvidence,
  LimitedRequestsService,
];

@Global()
@Module({
  controllers: [AuditController],
  providers: [...doors, ArchivedTrail, AuditSubscriber, AuditSummaryService, ConsideredRecords, WeaknessesTask],
  exports: doors,
})
export class AuditModule {}
