export { createClient, type Client, type Session } from './client';
export type { components, operations, paths } from './paths';
export { ProblemError, type Problem } from './problem.error';
