import { DomainError } from '#kernel';

/** A limit as it was asked about: so many requests in `ttl` ms. */
export interface Limit {
  key: string;
  limit: number;
  ttl: number;
}

/** The 429 of a request that does not pass; `email` is the account that it tried, if it did. */
export function tooMany({ key, limit, ttl }: Limit, retryAfterSeconds: number, email?: string): DomainError {
  const within = ttl === 60_000 ? 'a minute' : `in ${ttl / 1000} seconds`;
  const unit = retryAfterSeconds === 1 ? 'second' : 'seconds';
  return new DomainError(
    'rate.limited',
    `No more than ${limit} ${within}. Wait ${retryAfterSeconds} ${unit}; what comes sooner makes the wait longer.`,
    { retryAfterSeconds, limited: { limit: key, email } },
  );
}
