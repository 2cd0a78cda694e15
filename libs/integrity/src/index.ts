export { type Issue } from './check';
export { type LiftedConstraint } from './constraints';
export { IntegrityModule } from './integrity.module';
export { choicesOf, type Choice } from './choices';
export { discloseIssues, IntegrityService, type Question, type RepairReport } from './integrity.service';
export { QuarantinedRecord } from './quarantined-record.entity';
