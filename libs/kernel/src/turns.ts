import { setImmediate } from 'node:timers/promises';

/** How long one piece of work may have the event loop, in ms. */
const turnMs = 10;

/** Lets others have the event loop in the middle of long work. */
export class Turns {
  private begunAt = performance.now();

  /** Called between two small steps. */
  async next(): Promise<void> {
    if (performance.now() - this.begunAt < turnMs) return;
    await setImmediate();
    this.begunAt = performance.now();
  }
}
