import type { Random } from '#kernel';

/**
 * When requests are due, in ms from the beginning: a Poisson process of `perSecond`, which does not ask whether earlier ones were
 * answered (open loop). It is what many people make together who each think for a while, exponentially distributed, between two requests. During the first `rampMs` the rate rises evenly from nothing, as when people come in one after the other.
 */
export class Arrivals {
  private at = 0;
  /** How many requests are due until `at`, on average. */
  private expected = 0;

  constructor(
    private readonly perSecond: number,
    private readonly random: Random,
    private readonly rampMs = 0,
  ) {
    this.step();
  }

  /** When the next one is due. */
  get nextMs(): number {
    return this.at;
  }

  /** Takes those that are due until `nowMs`, in their order. Whoever comes late gets them all. */
  *due(nowMs: number): Generator<number> {
    while (this.at <= nowMs) {
      const due = this.at;
      this.step();
      yield due;
    }
  }

  private step(): void {
    this.expected -= Math.log(1 - this.random.next());
    const fullRateMs = (this.expected / this.perSecond) * 1000;
    this.at = fullRateMs < this.rampMs / 2 ? Math.sqrt(2 * this.rampMs * fullRateMs) : fullRateMs + this.rampMs / 2;
  }
}
