/** A number from 0 up to, but not including, 1. */
export type Random = () => number;

/** Mulberry32: the same seed gives the same numbers, so that every run asks and stores alike. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[wholeNumber(random, 0, from.length - 1)];
  if (picked === undefined) throw new Error('There is nothing to pick from.');
  return picked;
}
