import { z } from 'zod';
import { DomainError } from '#kernel';
import * as fields from './fields';
import { validated } from './validation.pipe';

function faultsOf(schema: z.ZodType, value: unknown): string[] {
  try {
    validated(z.strictObject({ field: schema }), value === undefined ? {} : { field: value });
    return [];
  } catch (error) {
    return ((error as DomainError).errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`);
  }
}

it.each<[z.ZodType, unknown, string]>([
  [fields.text(50), undefined, 'is required'],
  [fields.text(50), null, 'must be text'],
  [fields.text(50), 7, 'must be text'],
  [fields.text(50), '', 'must not be empty'],
  [fields.text(50), '  ', 'must not be empty'],
  [fields.text(50), '\u200d', 'must hold a letter, a digit or a sign'],
  [fields.text(50), 'x'.repeat(51), 'may have at most 50 characters'],
  [z.string().min(12), 'short', 'must have at least 12 characters'],
  [z.string().length(6), '12345', 'must have at least 6 characters'],
  [fields.limit, '201', 'must be from 1 to 200'],
  [fields.limit, '0', 'must be from 1 to 200'],
  [fields.limit, 'ten', 'must be a whole number in decimal digits'],
  [fields.idText, '0', 'must be from 1 to 2147483647'],
  [fields.id, 1e300, 'must be from 1 to 2147483647'],
  [fields.id, 1.5, 'must be a whole number'],
  [fields.id, '7', 'must be a number'],
  [z.number().gt(0), 0, 'must be more than 0'],
  [z.number().max(5), 6, 'must be at most 5'],
  [z.enum(['active', 'retired']), 'gone', 'must be one of active, retired'],
  [z.literal('x'), 'y', 'must be x'],
  [z.boolean(), 'true', 'must be true or false'],
  [z.array(z.string()).min(1), [], 'must not be empty'],
  [z.array(z.string()).max(1), ['a', 'b'], 'may have at most 1 value'],
  [z.array(z.string()), 'a', 'must be a list'],
  [z.strictObject({}), [], 'must be an object'],
  [fields.address, '1.2.3.4.5', 'must be an IPv4 address or an IPv6 address'],
  [fields.email, 'nobody', 'must be an e-mail address'],
  [fields.day, '2026-02-30', 'must be a date such as 2026-01-31'],
  [fields.day, '2500-01-01', 'must be between 1800 and 2199'],
  [fields.pastDay, '2150-01-01', 'must not be in the future'],
  [fields.money, '1,50', 'must be an amount such as "1250.00"'],
])('%#: a wrong value is told once, in words for people', (schema, value, words) => {
  expect(faultsOf(schema, value)).toEqual([`/field ${words}`]);
});
