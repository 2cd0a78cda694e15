/** The time of the transaction, as a value in a write by TypeORM. */
export const now = () => 'now()';

/** The time of the transaction and an interval of PostgreSQL, such as `30 days`, likewise. */
export const inTime = (interval: string) => () => `now() + interval '${interval}'`;

/** An instant with its microseconds, likewise: TypeORM makes a Date of a text. */
export function exactInstant(text: string): Date {
  return { toPostgres: () => text } as unknown as Date;
}
