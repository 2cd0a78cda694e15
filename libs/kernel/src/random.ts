/** Numbers that look like chance and follow from the seed alone: sfc32 (PractRand's small fast chaotic generator). */
export class Random {
  private a = 0x9e3779b9;
  private b = 0x243f6a88;
  private c = 0xb7e15162;
  private count = 1;

  constructor(seed: number) {
    this.a ^= seed;
    for (let round = 0; round < 15; round += 1) this.next();
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.count) | 0;
    this.count = (this.count + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)] as T;
  }

  /** One of the values, by their weights, which add up to 1. */
  weighted<T>(weights: readonly (readonly [T, number])[]): T {
    let rest = this.next();
    for (const [value, weight] of weights) if ((rest -= weight) < 0) return value;
    return (weights.at(-1) as readonly [T, number])[0];
  }

  /** A whole number between `min` and `max` whose probability rises to `mode` and falls after it (triangular). */
  triangular(min: number, max: number, mode: number): number {
    const u = this.next();
    const cut = (mode - min) / (max - min);
    const value =
      u < cut ? min + Math.sqrt(u * (max - min) * (mode - min)) : max - Math.sqrt((1 - u) * (max - min) * (max - mode));
    return Math.round(value);
  }
}
