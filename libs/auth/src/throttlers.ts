import type { ThrottlerModuleOptions, ThrottlerOptions } from '@nestjs/throttler';
import { limitsOf } from '#access';
import type { Config } from '#platform/config';
import { contextOf, type Admit } from '#platform/http';
import { networkOf, type GcraStorage } from '#platform/throttling';
import { targetOf } from './limit-attempts';
import { sha256 } from './random-tokens';

/** All limits are said by the minute, in ms, unless a route says otherwise. */
export const minute = 60_000;

/** Attempts of one kind from an address, and at one target from anywhere: shares of what an address may send at all. */
const shareOfAddress = 1 / 2;
const shareOfTarget = 1 / 4;

/**
 * The named throttlers. `default` is the own limit of a route that has `@Throttle`, beside the one over all routes. The others are
 * for attempts (`@LimitAttempts`), on top of the lock of an account. A target is hashed, whether or not there is such an account, so
 * that the limit tells nothing.
 */
export function throttlerOptions(config: Config, storage: GcraStorage): ThrottlerModuleOptions {
  const { public: perMinute } = limitsOf(config);
  const attempts: ThrottlerOptions[] = [
    {
      name: 'attemptsByAddress',
      limit: Math.ceil(perMinute * shareOfAddress),
      ttl: minute,
      getTracker: (request) => networkOf(contextOf(request as Parameters<Admit>[0]).ipAddress),
    },
    {
      name: 'attemptsAtTarget',
      limit: Math.ceil(perMinute * shareOfTarget),
      ttl: minute,
      getTracker: (_request, execution) => sha256(targetOf(execution) ?? ''),
    },
  ];
  return {
    storage,
    throttlers: [
      { name: 'default', limit: Infinity, ttl: minute },
      ...attempts.map((throttler) => ({ ...throttler, skipIf: isNoAttempt })),
    ],
  };
}

const isNoAttempt: NonNullable<ThrottlerOptions['skipIf']> = (execution) => targetOf(execution) === undefined;
