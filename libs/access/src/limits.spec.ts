import { asTier, limitsOf, tierOf, TIERS } from './limits';
import { ROLES } from './permissions';

describe('the tier of an account', () => {
  it.each([
    [['admin'], 'staff'],
    [['officer'], 'staff'],
    [['staff'], 'staff'],
    [['organizer'], 'staff'],
    [['instructor'], 'staff'],
    [['member'], 'member'],
    [['member', 'instructor'], 'staff'],
    [['instructor', 'member'], 'staff'],
    // An account that has lost every role is limited as a member.
    [[], 'member'],
    [['root'], 'member'],
    [['__proto__'], 'member'],
  ])('with the roles %j is %s', (roles, tier) => {
    expect(tierOf(roles)).toBe(tier);
  });

  it('is known for every role', () => {
    expect(ROLES.filter((role) => tierOf([role]) === 'member')).toEqual(['member']);
    expect(TIERS).toEqual(['staff', 'member', 'public']);
  });

  it.each([
    ['staff', 'staff'],
    ['member', 'member'],
    // Anything else counts as the narrowest tier.
    ['public', 'member'],
    ['STAFF', 'member'],
    [undefined, 'member'],
    [['staff'], 'member'],
    [true, 'member'],
  ])('that a token says to be %j is %s', (said, tier) => {
    expect(asTier(said)).toBe(tier);
  });
});

it('each tier has the limit of its own variable', () => {
  const config = { RATE_LIMIT_STAFF: 1000, RATE_LIMIT_MEMBER: 100, RATE_LIMIT_PUBLIC: 20 };
  expect(limitsOf(config)).toEqual({ staff: 1000, member: 100, public: 20 });
});
