import type { Config } from '#platform/config';
import { ROLES, type Role } from './permissions';

/** Who is limited alike. `public` is whoever brings no token that is good: counted by address, the others by user. */
export const TIERS = ['staff', 'member', 'public'] as const;
export type Tier = (typeof TIERS)[number];

/** The tiers of those who have an account. */
export type AccountTier = Exclude<Tier, 'public'>;

const TIER_OF: Record<Role, AccountTier> = {
  admin: 'staff',
  officer: 'staff',
  staff: 'staff',
  organizer: 'staff',
  instructor: 'staff',
  member: 'member',
};

/** The widest tier among the roles; an account that has none counts as the narrowest one. */
export function tierOf(roles: readonly string[]): AccountTier {
  const isStaff = ROLES.some((role) => TIER_OF[role] === 'staff' && roles.includes(role));
  return isStaff ? 'staff' : 'member';
}

/** What a token says of its tier, read with distrust. */
export function asTier(value: unknown): AccountTier {
  return value === 'staff' ? 'staff' : 'member';
}

/** Requests per minute. */
export function limitsOf(
  config: Pick<Config, 'RATE_LIMIT_STAFF' | 'RATE_LIMIT_MEMBER' | 'RATE_LIMIT_PUBLIC'>,
): Record<Tier, number> {
  return { staff: config.RATE_LIMIT_STAFF, member: config.RATE_LIMIT_MEMBER, public: config.RATE_LIMIT_PUBLIC };
}
