import { applyDecorators } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';

/** A scheduled job, as an operator sees it. */
export interface Job {
  /** Unique; its name in SchedulerRegistry. */
  id: string;
  /** One sentence. */
  description: string;
  /** In cron's notation and UTC. A job whose schedule is a setting is mounted by its class. */
  cron: string | { setting: 'ARCHIVE_CRON' };
}

const declared = new Map<string, Job>();

/**
 * Declares a method as a job of the server. ScheduleModule mounts it under its id. One run waits
 * for the one before it. Commands mount no jobs.
 */
export function ScheduledJob(job: Job): MethodDecorator {
  if (declared.has(job.id)) throw new Error(`There are two jobs with the id ${job.id}.`);
  declared.set(job.id, job);
  const { id: name, cron } = job;
  return typeof cron === 'string' ? Cron(cron, { name, timeZone: 'UTC', waitForCompletion: true }) : applyDecorators();
}

/** The jobs of all loaded classes, in the order of their ids. */
export function declaredJobs(): Job[] {
  return [...declared.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}
