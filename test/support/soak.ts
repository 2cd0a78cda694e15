/** True under `npm run test:soak`. */
export const isSoak = process.env.IP2A_SOAK === '1';

/** Multiplies the counts of a soak, for a run that may take a night. */
const factor = Number(process.env.SOAK_FACTOR ?? 1);

/**
 * How often a spec tries to break something: a few times in `npm test`, many times in `npm run test:soak`. The code is
 * the same; only the count differs. Each spec that imports this file is part of the soak.
 */
export function tries(everyday: number, soak: number): number {
  return isSoak ? Math.ceil(soak * factor) : everyday;
}
