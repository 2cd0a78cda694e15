import { setImmediate } from 'node:timers/promises';
import type { Pace } from './pace';

/**
 * A question that many have at a time. One asking serves everybody who came before it began, and whoever comes while it is under
 * way gets the next one: the answer is never older than the question. Where one fails, those who wait for the next fail with it: they would wait
 * for another attempt longer than a refusal may take.
 */
export class SharedCall<T> {
  private underway: Promise<unknown> = Promise.resolve();
  private following?: Promise<T>;

  /** Without a `pace` it is asked again as soon as it was answered. */
  constructor(
    private readonly ask: () => Promise<T>,
    private readonly pace?: Pace,
  ) {}

  next(): Promise<T> {
    this.pace?.join();
    return (this.following ??= this.begin());
  }

  private async begin(): Promise<T> {
    try {
      await this.underway;
    } catch (error) {
      this.following = undefined;
      throw error;
    }
    // After this turn of the event loop, so that what arrives together shares it.
    await (this.pace?.turn() ?? setImmediate());
    this.following = undefined;
    const asked = this.ask();
    this.underway = asked;
    asked.catch(() => (this.underway = Promise.resolve()));
    return asked;
  }
}
