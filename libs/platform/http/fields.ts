import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { canonicalAddress, controls, disguises, isVisible } from '#kernel';

/**
 * A text of 1 to `max` characters, trimmed, of which something is seen, without control characters. Characters that hide or
 * turn others are taken out. PostgreSQL stores no NUL and no half of a pair.
 */
export function text(max: number) {
  return cleanText(max).refine(isPlainText, plain);
}

/** Like text, with tabs and line breaks; those of Unicode become line feeds. */
export function longText(max: number) {
  return cleanText(max, (given) => given.replace(/[\u0085\u2028\u2029]/g, '\n')).refine(
    (value) => isPlainText(value.replace(/[\r\n\t]/g, '')),
    plain,
  );
}

const plain = { error: 'must not hold control characters' };

function cleanText(max: number, clean = (given: string) => given) {
  return z
    .string()
    .overwrite((given) => clean(given).replace(disguises, ''))
    .trim()
    .min(1, { abort: true })
    .max(max)
    .refine(isVisible, { error: 'must hold a letter, a digit or a sign', abort: true });
}

/**
 * RFC 5321's Mailbox without quoted local parts: 64 characters before the @, labels of 63 behind it, and a last label that
 * is no number. A domain in other letters has its ASCII form by then (`withAsciiDomain`, UTS 46).
 */
const mailbox =
  /^(?=.{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?=.{1,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+(?!\d+$)[a-z\d]([a-z\d-]{0,61}[a-z\d])$/;

/** An e-mail address in lower case, its domain in ASCII. */
export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(255)
  .overwrite(withAsciiDomain)
  .pipe(z.email({ pattern: mailbox, error: 'must be an e-mail address' }));

function withAsciiDomain(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  const domain = address.slice(at);
  // eslint-disable-next-line no-control-regex -- what is ASCII stays as it is
  return at > 0 && /[^\x00-\x7f]/.test(domain) ? address.slice(0, at) + domainToASCII(domain) : address;
}

/** An IP address in its canonical form, however it was written. */
export const address = z.union([z.ipv4(), z.ipv6()]).transform((given) => canonicalAddress(given) ?? given);

/** A calendar date `YYYY-MM-DD` that PostgreSQL and JavaScript both hold. */
export const day = z.iso
  .date({ error: 'must be a date such as 2026-01-31', abort: true })
  .refine((value) => value >= '1800-01-01' && value <= '2199-12-31', {
    error: 'must be between 1800 and 2199',
  });

/** A day that has begun somewhere: places are up to 14 hours ahead of UTC. */
export const pastDay = day.refine(
  (value) => value <= new Date(Date.now() + 14 * 3_600_000).toISOString().slice(0, 10),
  {
    error: 'must not be in the future',
  },
);

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
  const whole = z.int({ error: isNoNumber }).min(min).max(max);
  return z.preprocess(
    (given) => (typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given),
    whole,
  );
}

function isNoNumber({ code, input }: { code?: string; input?: unknown }): string | undefined {
  return code === 'invalid_type' && input !== undefined ? 'must be a whole number in decimal digits' : undefined;
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
  return value.search(controls) === -1 && value.isWellFormed();
}
