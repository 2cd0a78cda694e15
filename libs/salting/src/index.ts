export { SaltingActivity } from './salting-activity.entity';
export { activities } from './salting-activity.resource';
export { SaltingModule } from './salting.module';
