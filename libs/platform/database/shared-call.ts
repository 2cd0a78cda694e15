import { setImmediate } from 'node:timers/promises';

/**
 * A question that many have at a time. One asking serves everybody who came before it began, and whoever comes while it is under
 * way gets the next one: the answer is never older than the question.
 */
export class SharedCall<T> {
  private underway: Promise<unknown> = Promise.resolve();
  private following?: Promise<T>;

  constructor(private readonly ask: () => Promise<T>) {}

  next(): Promise<T> {
    return (this.following ??= this.begin());
  }

  private async begin(): Promise<T> {
    await this.underway;
    // After this turn of the event loop, so that what arrives together shares it.
    await setImmediate();
    this.following = undefined;
    const asked = this.ask();
    this.underway = asked.catch(() => undefined);
    return asked;
  }
}
