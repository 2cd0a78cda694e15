import fc from 'fast-check';
import { longestOf, yearsLater, type Policy } from './retention-term';

const later = (instant: string, years: number) => yearsLater(new Date(instant), years).toISOString();

describe('so many years later', () => {
  it.each([
    ['2026-11-24T00:00:00.000Z', 7, '2033-11-24T00:00:00.000Z'],
    ['2026-11-24T23:59:59.999Z', 7, '2033-11-24T23:59:59.999Z'],
    // The end of a month is where the next one begins.
    ['2026-12-01T00:00:00.000Z', 7, '2033-12-01T00:00:00.000Z'],
    ['2027-01-01T00:00:00.000Z', 100, '2127-01-01T00:00:00.000Z'],
    // Over leap days, which counting 365 days a year would miss.
    ['2024-01-01T00:00:00.000Z', 1, '2025-01-01T00:00:00.000Z'],
    ['2025-03-01T00:00:00.000Z', 3, '2028-03-01T00:00:00.000Z'],
  ])('%s and %i years is %s', (instant, years, expected) => {
    expect(later(instant, years)).toBe(expected);
  });

  it('is 1 March where that year has no 29 February, and never earlier', () => {
    expect(later('2028-02-29T12:00:00.000Z', 1)).toBe('2029-03-01T12:00:00.000Z');
    expect(later('2028-02-29T12:00:00.000Z', 4)).toBe('2032-02-29T12:00:00.000Z');
    // 2100 is no leap year.
    expect(later('2096-02-29T12:00:00.000Z', 4)).toBe('2100-03-01T12:00:00.000Z');
    expect(later('2027-02-28T23:59:59.999Z', 1)).toBe('2028-02-28T23:59:59.999Z');
  });

  it('keeps the order of any two instants, and leaves the one it was given alone', () => {
    const instant = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, instant, fc.integer({ min: 1, max: 100 }), (a, b, years) => {
        const [first, second] = a <= b ? [a, b] : [b, a];
        const given = first.getTime();
        expect(yearsLater(first, years).getTime()).toBeLessThanOrEqual(yearsLater(second, years).getTime());
        expect(yearsLater(first, years).getUTCFullYear()).toBe(first.getUTCFullYear() + years);
        expect(first.getTime()).toBe(given);
      }),
    );
  });
});

describe('the longest policy', () => {
  const policy = (tableName: string, framework: string, years: number): Policy => ({ tableName, framework, years });
  const policies = [
    policy('members', 'LMRDA', 7),
    policy('members', 'Bylaws', 10),
    policy('users', 'PCI DSS', 1),
    policy('*', 'Board', 2),
  ];

  it.each([
    [['members'], 'Bylaws'],
    [['users'], 'Board'],
    [['users', 'members'], 'Bylaws'],
    [['grievances'], 'Board'],
    [[null], 'Board'],
    [[], 'Board'],
  ])('of %j is %s', (tables, framework) => {
    expect(longestOf(policies, tables)?.framework).toBe(framework);
  });

  it('is none where none applies', () => {
    expect(longestOf(policies.slice(0, 3), ['grievances', null])).toBeUndefined();
  });

  it('of as long ones is that on a table, then the first by name, in whatever order they come', () => {
    const equal = [policy('*', 'Board', 7), policy('members', 'SOX', 7), policy('members', 'LMRDA', 7)];
    for (const order of [equal, [...equal].reverse()]) {
      expect(longestOf(order, ['members'])).toEqual(policy('members', 'LMRDA', 7));
      expect(longestOf(order, ['users'])).toEqual(policy('*', 'Board', 7));
    }
  });
});
