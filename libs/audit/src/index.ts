export { AuditModule } from './audit.module';
export { AuditWriter } from './audit-writer';
export { auditDecision, Audited, auditedDecision, AuditedRow, Unaudited, type AuditDecision } from './audited';
export { auditMetrics } from './audit.metrics';
export { DisclosureGate } from './disclosure-gate';
export { PartitionsTask } from './partitions.task';
export { RefusalFilter } from './refusal.filter';
export { AuditLogPage, RecordTrailQuery, type AuditLogItem } from './trail.dto';
export { TrailService } from './trail.service';
