export { BenevolenceApplication } from './benevolence-application.entity';
export { BenevolenceApplicationsService } from './benevolence-applications.service';
export { applications } from './benevolence.resource';
export { BenevolenceModule } from './benevolence.module';
export { BenevolenceReview } from './benevolence-review.entity';
