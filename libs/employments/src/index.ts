export { EmploymentsModule } from './employments.module';
export { MemberEmployment } from './member-employment.entity';
export { employments } from './member-employment.resource';
