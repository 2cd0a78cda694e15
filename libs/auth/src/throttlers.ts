import type { ThrottlerModuleOptions, ThrottlerOptions } from '@nestjs/throttler';
import { limitsOf } from '#access';
import type { Config } from '#platform/config';
import { contextOf, type LimitRequest } from '#platform/http';
import { networkOf, type GcraStorage } from '#platform/throttling';
import { isPerNetwork, targetOf } from './limit-attempts';
import { sha256 } from './random-tokens';

/** The time to live of all limits, in ms; a route may name another one. */
export const minute = 60_000;

/** Shares of the public limit: attempts of one kind from one address, and at one target. */
const shareOfAddress = 1 / 2;
const shareOfTarget = 1 / 4;

/**
 * The named throttlers. `default` is the limit of a route with `@Throttle`, in addition to the one
 * over all routes. The others limit attempts (`@LimitAttempts`), in addition to the lock of an
 * account. Every target is hashed, so the limit does not tell whether there is such an account.
 */
export function throttlerOptions(config: Config, storage: GcraStorage): ThrottlerModuleOptions {
  const { public: perMinute } = limitsOf(config);
  const attempts: ThrottlerOptions[] = [
    {
      name: 'attemptsByAddress',
      limit: Math.ceil(perMinute * shareOfAddress),
      ttl: minute,
      getTracker: networkOfRequest,
    },
    {
      name: 'attemptsAtTarget',
      limit: Math.ceil(perMinute * shareOfTarget),
      ttl: minute,
      getTracker: (request, execution) => {
        const target = sha256(targetOf(execution) ?? '');
        return isPerNetwork(execution) ? `${target} ${networkOfRequest(request)}` : target;
      },
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

const networkOfRequest = (request: Record<string, unknown>) =>
  networkOf(contextOf(request as unknown as Parameters<LimitRequest>[0]).ipAddress);
