import { setTimeout as wait } from 'node:timers/promises';
import type { AcceptedView } from './account.dto';

/** An answer leaves no sooner than this after the question, in ms: more than the work takes where there is something to do. */
const noSoonerMs = 300;

/** The same answer after the same time, whatever the work found: neither tells whether there is such an account. */
export async function neutralAnswer(work: Promise<void>, message: string): Promise<AcceptedView> {
  await Promise.all([work, wait(noSoonerMs)]);
  return { message };
}
