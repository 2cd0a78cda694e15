/** Stands in a policy for all tables, and for entries about none. */
export const everyTable = '*';

export interface Policy {
  tableName: string;
  framework: string;
  years: number;
}

/**
 * The same time of the same day, so many calendar years later, in UTC. Where that year has no 29 February it is 1 March: later,
 * never earlier.
 */
export function yearsLater(instant: Date, years: number): Date {
  const later = new Date(instant);
  later.setUTCFullYear(instant.getUTCFullYear() + years);
  return later;
}

/**
 * The policy that keeps entries of any of the tables for longest. Of those that are as long, one on a table before one on all, and
 * then the first by the alphabet: whoever asks twice is told the same.
 */
export function longestOf(policies: readonly Policy[], tables: readonly (string | null)[]): Policy | undefined {
  const applying = policies.filter(({ tableName }) => tableName === everyTable || tables.includes(tableName));
  const isForAll = ({ tableName }: Policy) => Number(tableName === everyTable);
  const name = ({ tableName, framework }: Policy) => `${tableName} ${framework}`;
  return applying.sort((a, b) => b.years - a.years || isForAll(a) - isForAll(b) || (name(a) < name(b) ? -1 : 1))[0];
}
