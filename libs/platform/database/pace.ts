import { setImmediate } from 'node:timers/promises';

/** Between two beginnings at least, in ms, unless so many wait that beginning at once costs each of them little. */
const paceMs = 8;
const enough = 16;

/**
 * When to begin what serves everybody who waits. At once where nobody was served just now; else a few ms later, for as many more as come until
 * then: under load a commit or a question costs more than the wait, and fewer of them are shared by more.
 */
export class Pace {
  private begunAt = -Infinity;
  private waiting = 0;
  private hurry?: () => void;

  /** One more waits. */
  join(): void {
    this.waiting += 1;
    if (this.waiting >= enough) this.hurry?.();
  }

  /** Resolves when it is time; after this turn of the event loop at the earliest, so that what arrives together is served together. */
  async turn(): Promise<void> {
    const restMs = this.begunAt + paceMs - performance.now();
    if (restMs > 0 && this.waiting < enough) await this.rest(restMs);
    await setImmediate();
    this.begunAt = performance.now();
    this.waiting = 0;
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.hurry = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.hurry = done;
    });
  }
}
