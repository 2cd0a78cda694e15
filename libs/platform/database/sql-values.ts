/** The time of the transaction, as a value in a write by TypeORM. */
export const now = () => 'now()';

/** The time of the transaction plus an interval of PostgreSQL, such as `30 days`, as such a value. */
export const inTime = (interval: string) => () => `now() + interval '${interval}'`;

/** An instant with its microseconds, as such a value. TypeORM would make a Date of a text. */
export function exactInstant(text: string): Date {
  return { toPostgres: () => text } as unknown as Date;
}
