import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { addressOfHop, canonicalAddress } from './address';

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:DB8:0:0:0:0:0:7', '2001:db8::7'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0db8:0000:0001:0000:0000:0000:0001', '2001:db8:0:1::1'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
  ['::192.0.2.7', '::192.0.2.7'],
  ['::1', '::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['192.0.2.07', undefined],
  ['192.0.2', undefined],
  ['2001:db8::7::', undefined],
  ['unknown', undefined],
  ['', undefined],
])('the address %j has the canonical form %j', (given, canonical) => {
  expect(canonicalAddress(given)).toBe(canonical);
});

it.each([
  ['192.0.2.7:4711', '192.0.2.7'],
  [' 192.0.2.7 ', '192.0.2.7'],
  ['"192.0.2.7:4711"', '192.0.2.7'],
  ['[2001:DB8::7]', '2001:db8::7'],
  ['[2001:db8::7]:4711', '2001:db8::7'],
  ['"[2001:db8::7]:4711"', '2001:db8::7'],
  ['[::FFFF:192.0.2.7]:4711', '192.0.2.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['192.0.2.7:', undefined],
  ['[192.0.2.7', undefined],
  ['_hidden', undefined],
])('the hop %j names %j', (hop, address) => {
  expect(addressOfHop(hop)).toBe(address);
});

describe('the canonical form', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('is the one that PostgreSQL writes', async () => {
    const group = fc.oneof(
      fc.constant('0'),
      fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16)),
    );
    const addresses = fc.sample(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':')),
      ),
      2_000,
    );
    const isMapped = `address <<= '::ffff:0:0/96'::inet AND family(address) = 6`;
    const rows = await database.query<{ given: string; host: string }>(
      `SELECT given, host(address) AS host FROM unnest($1::text[]) AS given, LATERAL (SELECT given::inet AS address) AS read WHERE NOT (${isMapped})`,
      [addresses],
    );
    expect(rows.length).toBeGreaterThan(1_900);
    expect(rows.filter(({ given, host }) => canonicalAddress(given) !== host)).toEqual([]);
  });
});
