import type { Random } from '#kernel';

/**
 * Draws among `values` as people look things up: the one of rank r is wanted 1/r^exponent as often as the first (Zipf). Ranks are
 * dealt out by the seed, so that what is popular lies anywhere in the table.
 */
export class Zipf<T> {
  private readonly byRank: T[];
  private readonly cumulated: Float64Array;

  constructor(
    values: readonly T[],
    private readonly random: Random,
    exponent = 0.99,
  ) {
    if (values.length === 0) throw new RangeError('There is nothing to draw from.');
    this.byRank = shuffled(values, random);
    this.cumulated = new Float64Array(values.length);
    let sum = 0;
    for (let rank = 0; rank < values.length; rank += 1) {
      sum += 1 / (rank + 1) ** exponent;
      this.cumulated[rank] = sum;
    }
  }

  /** By another `random` than the one that dealt the ranks, if there is one. */
  draw(random = this.random): T {
    const { cumulated } = this;
    const wanted = random.next() * (cumulated.at(-1) as number);
    let [low, high] = [0, cumulated.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulated[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return this.byRank[low] as T;
  }
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const dealt = [...values];
  for (let last = dealt.length - 1; last > 0; last -= 1) {
    const other = random.between(0, last);
    [dealt[last], dealt[other]] = [dealt[other] as T, dealt[last] as T];
  }
  return dealt;
}
