import type { components } from './paths';

/** RFC 9457, as every refusal of the API is answered. */
export type Problem = components['schemas']['Problem'];

/** A refusal by the API. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.title}: ${problem.detail}`);
    this.name = 'ProblemError';
  }

  get status(): number {
    return this.problem.status;
  }

  /** The stable code of docs/errors.md, such as `record.stale-version`. */
  get code(): string {
    return this.problem.type.replace(/^.*#/, '');
  }
}
