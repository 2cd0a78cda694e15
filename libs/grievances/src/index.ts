export { GrievanceStepRecord } from './grievance-step-record.entity';
export { Grievance } from './grievance.entity';
export { grievances } from './grievance.resource';
export { GrievancesModule } from './grievances.module';
export { GrievancesService } from './grievances.service';
