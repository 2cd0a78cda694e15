import { Clock } from '#kernel';
import { emptyState } from './gcra';
import { LocalLimiter } from './local-limiter';
import { throttlingHeaders, tooMany } from './rate-limiter';

class FixedClock extends Clock {
  seconds = 1_790_000_000;
  override now(): Date {
    return new Date(this.seconds * 1000);
  }
}

const clock = new FixedClock();
const bucket = (id: string, perMinute = 20, kind = 'address') => ({ kind, id, tier: 'public', perMinute });

it('says what is left, when all of it is, and how long to wait', () => {
  const limiter = new LocalLimiter(clock);
  const take = () => limiter.take(bucket('203.0.113.9'));
  expect(take()).toMatchObject({ passes: true, remaining: 19, resetSeconds: 3, retryAfterSeconds: 0 });
  for (let request = 2; request < 20; request += 1) take();
  expect(take()).toMatchObject({ passes: true, remaining: 0, resetSeconds: 60 });
  const refused = take();
  expect(refused).toMatchObject({ passes: false, remaining: 0, retryAfterSeconds: 3 });
  expect(throttlingHeaders(refused)).toEqual({
    'ratelimit-limit': '20',
    'ratelimit-remaining': '0',
    'ratelimit-reset': '60',
  });
  const error = tooMany(refused);
  expect([error.status, error.retryAfterSeconds, error.limited]).toEqual([
    429,
    3,
    { limit: 'address:203.0.113.9', email: undefined },
  ]);
  clock.seconds += 3;
  expect(take()).toMatchObject({ passes: true, remaining: 0 });
});

it('keeps a bounded number of buckets of each kind, and those that were used last', () => {
  const limiter = new LocalLimiter(clock, 100);
  for (let request = 0; request < 21; request += 1) limiter.take(bucket('17', 20, 'user'));
  for (let address = 0; address < 1000; address += 1) limiter.take(bucket(`203.0.113.${address}`));
  expect(limiter.size).toBe(101);
  expect(limiter.take(bucket('17', 20, 'user')).passes).toBe(false);
});

it('goes on from what it has learnt', () => {
  const limiter = new LocalLimiter(clock);
  limiter.learn(bucket('a'), { ...emptyState(), fullAt: 57_000_000, blockedAt: -1, blockedUntil: -1 });
  expect([1, 2, 3].map(() => limiter.take(bucket('a')).passes)).toEqual([true, false, false]);
});
