export { BenevolenceApplication } from './benevolence-application.entity';
export { applications } from './benevolence.resource';
export { BenevolenceModule } from './benevolence.module';
export { BenevolenceReview } from './benevolence-review.entity';
