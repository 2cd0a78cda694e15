export { type Issue } from './check';
export { IntegrityModule } from './integrity.module';
export { IntegrityService } from './integrity.service';
export { QuarantinedRecord } from './quarantined-record.entity';
