export { declaredJobs, ScheduledJob } from './job.decorator';
