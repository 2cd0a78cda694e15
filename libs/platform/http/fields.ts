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

/** An instant, RFC 3339 with an offset. */
export const instant = z.iso.datetime({ offset: true, error: 'must be an instant such as 2026-01-31T12:00:00Z' });

/** An instant in a reply: UTC with `Z` and microseconds. */
export const instantView = z.string().meta({ format: 'date-time', examples: ['2026-01-31T12:00:00.000000Z'] });

/** An amount of money as text, for a JSON number would lose digits: up to 8 digits and cents. PostgreSQL's numeric(10,2). */
export const money = z
  .string()
  .regex(/^\d{1,8}(\.\d{1,2})?$/, 'must be an amount such as "1250.00"')
  .meta({ examples: ['1250.00'] });

/** A truth value in a query string. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** A record's id: PostgreSQL's integer. */
export const id = z.coerce.number().int().min(1).max(2_147_483_647);

/** The id in a route's path. */
export const idParam = z.strictObject({ id: id.describe('The id of the record.') });

function isPlainText(value: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u001f\u007f]/.test(value) && value.isWellFormed();
}
