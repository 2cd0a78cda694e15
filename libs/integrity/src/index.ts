export { type Issue, type OnProgress } from './check';
export { IntegrityModule } from './integrity.module';
export { discloseIssues, IntegrityService, type RepairReport } from './integrity.service';
export { QuarantinedRecord } from './quarantined-record.entity';
