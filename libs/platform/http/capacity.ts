/** Half a second's to a second's work of a process that has a processor to itself. */
const most = 512;
/** A process without one serves so many in its deadline. */
const least = 128;
/** The time that is looked back, in ms. */
const spanMs = 1_000;
/** Whoever idles less than this share of the time has no time left. */
const idleShare = 0.05;

interface Measured {
  answered: number;
  activeMs: number;
  idleMs: number;
}

/**
 * How many requests a process works on at a time. While it never idles, it is as many as it answered
 * in the last second: more would be answered too late. A process that waits for others is not slow
 * itself, so it takes the most.
 */
export class Capacity {
  atOnce = most;
  private now = 0;
  private measured: Measured[] = [];

  /** Told of each request that was answered. */
  answered(): void {
    this.now += 1;
  }

  /** Told how long the event loop was active and idle since the last time, in ms. */
  measure(activeMs: number, idleMs: number): void {
    this.measured.push({ answered: this.now, activeMs, idleMs });
    this.now = 0;
    const { answered, active, idle } = this.sum();
    const isBusy = active + idle >= spanMs && idle < idleShare * (active + idle);
    this.atOnce = isBusy ? Math.min(most, Math.max(least, Math.round((answered / (active + idle)) * 1_000))) : most;
    while (this.sum(1).active + this.sum(1).idle >= spanMs) this.measured.shift();
  }

  private sum(from = 0): { answered: number; active: number; idle: number } {
    const sum = { answered: 0, active: 0, idle: 0 };
    for (const { answered, activeMs, idleMs } of this.measured.slice(from)) {
      sum.answered += answered;
      sum.active += activeMs;
      sum.idle += idleMs;
    }
    return sum;
  }
}
