import { z } from 'zod';

/** A text of 1 to `max` characters, trimmed, without control characters. PostgreSQL stores no NUL and no half of a pair. */
export function text(max: number) {
  return z.string().trim().min(1).max(max).refine(isPlainText, { error: 'must not hold control characters' });
}

/** Like text, with line breaks and tabs. */
export function longText(max: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((value) => isPlainText(value.replace(/[\r\n\t]/g, '')), { error: 'must not hold control characters' });
}

export const email = z.string().trim().toLowerCase().max(255).pipe(z.email('must be an e-mail address'));

/** A calendar date `YYYY-MM-DD` that PostgreSQL and JavaScript both hold. */
export const day = z.iso
  .date('must be a date such as 2026-01-31')
  .refine((value) => value >= '1800-01-01' && value <= '2199-12-31', {
    error: 'must be between 1800 and 2199',
  });

/** An instant, RFC 3339 with an offset. No place is further than 14 hours from UTC, and PostgreSQL reads none beyond 15. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant such as 2026-01-31T12:00:00Z' })
  .refine((value) => /(Z|[+-](0\d|1[0-4]):\d\d)$/.test(value), { error: 'must have the offset of some place' });

/** An instant in a reply: UTC with `Z` and microseconds. */
export const instantView = z.string().meta({ format: 'date-time', examples: ['2026-01-31T12:00:00.000000Z'] });

/** An amount of money as text, for a JSON number would lose digits: up to 8 digits and cents. PostgreSQL's numeric(10,2). */
export const money = z
  .string()
  .regex(/^\d{1,8}(\.\d{1,2})?$/, 'must be an amount such as "1250.00"')
  .meta({ examples: ['1250.00'] });

/** A truth value in a query string. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** A whole number in a path or query, where it is text: decimal digits and nothing else. */
export function digits(min: number, max: number) {
  const whole = z.int('must be a whole number in decimal digits').min(min).max(max);
  return z.preprocess(
    (given) => (typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given),
    whole,
  );
}

/** PostgreSQL's largest integer. */
const maxId = 2_147_483_647;

/** A record's id in a body: a JSON number. */
export const id = z.int().min(1).max(maxId);

/** A record's id in a path or query. */
export const idText = digits(1, maxId);

/** The id in a route's path. */
export const idParam = z.strictObject({ id: idText.describe('The id of the record.') });

/** How many of something a page holds. */
export const limit = digits(1, 200).default(50);

/** Where a page begins: what encodeCursor made. */
export const cursor = z
  .string()
  .max(2000)
  .regex(/^[\w-]+$/, 'must be the nextCursor of a page')
  .optional()
  .describe('Where the page begins: `nextCursor` of the one before.');

function isPlainText(value: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u001f\u007f]/.test(value) && value.isWellFormed();
}
