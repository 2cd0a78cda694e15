import type { Random } from './random';

/**
 * When requests are due, in ms from the beginning: a Poisson process of `perSecond`, which does not ask whether earlier ones were
 * answered (open loop). It is what many people make together who each think for a while, exponentially distributed, between two requests.
 */
export class Arrivals {
  private at = 0;

  constructor(
    private readonly perSecond: number,
    private readonly random: Random,
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
    this.at += (-Math.log(1 - this.random.next()) / this.perSecond) * 1000;
  }
}
