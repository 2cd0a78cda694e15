export { LegalHold } from './legal-hold.entity';
export { RetentionModule } from './retention.module';
export { RetentionPolicy } from './retention-policy.entity';
export { RetentionService } from './retention.service';
export { yearsLater } from './retention-term';
