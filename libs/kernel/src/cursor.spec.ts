import { decodeCursor, encodeCursor } from './cursor';

const decoded = (keys: unknown[], types: string[]) =>
  decodeCursor(Buffer.from(JSON.stringify(['order', ...keys])).toString('base64url'), 'order', types).keys;

it('a cursor gives back what was put in', () => {
  const cursor = { sort: 'order', keys: ['Muñoz, Ana', '42'] };
  expect(decodeCursor(encodeCursor(cursor), 'order', ['text COLLATE "C"', 'integer'])).toEqual(cursor);
});

it.each([
  ['integer', '2147483647'],
  ['integer', '-1'],
  ['bigint', '9007199254740991'],
  ['numeric', '-1250.00'],
  ['date', '2024-02-29'],
  ['date', 'infinity'],
  ['timestamptz', '-infinity'],
  ['timestamptz', '2026-11-30T15:20:56.123456Z'],
  ['timestamptz', '2026-11-30 15:20:56+00'],
  ['timestamptz', '2026-11-30 15:20:56.1-03:30'],
  ['text', ''],
])('a key of type %s may be %s', (type, key) => {
  expect(decoded([key], [type])).toEqual([key]);
});

it.each<[string, unknown]>([
  ['smallint', '32768'],
  ['integer', '2147483648'],
  ['integer', '1.5'],
  ['integer', '1e3'],
  ['integer', ''],
  ['integer', 7],
  ['bigint', '99999999999999999999'],
  ['bigint', '1; SELECT 1'],
  ['numeric', 'NaN'],
  ['date', 'today'],
  ['date', '2026-02-30'],
  ['date', '2026-13-01'],
  ['timestamptz', 'yesterday'],
  ['timestamptz', '2026-02-30T00:00:00Z'],
  ['timestamptz', '2026-01-01T24:00:00Z'],
  ['timestamptz', '2026-01-01T00:00:00'],
  ['timestamptz', '2026-01-01'],
  ['text', 'a\0b'],
  ['text', '\ud800'],
  ['text', null],
])('a key of type %s is refused as %j', (type, key) => {
  expect(() => decoded([key], [type])).toThrow('The cursor does not belong to this list');
});

it.each([
  ['of another order', encodeCursor({ sort: 'other', keys: ['1'] })],
  ['with a key too many', encodeCursor({ sort: 'order', keys: ['1', '2'] })],
  ['that is no list', Buffer.from('{}').toString('base64url')],
  ['that is no JSON', 'abc'],
])('a cursor %s is refused', (_what, text) => {
  expect(() => decodeCursor(text, 'order', ['integer'])).toThrow('The cursor does not belong to this list');
});
