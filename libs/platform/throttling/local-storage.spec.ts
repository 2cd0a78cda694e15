import { Clock } from '#kernel';
import { emptyState } from './gcra';
import { LocalStorage } from './local-storage';

class FixedClock extends Clock {
  seconds = 1_790_000_000;
  override now(): Date {
    return new Date(this.seconds * 1000);
  }
}

const minute = 60_000;
const clock = new FixedClock();
const bucket = (key: string, limit = 20) => ({ key, limit, span: minute * 1000, throttler: 'public' });

/** The answers to so many requests. */
async function answers(storage: LocalStorage, count: number, key = 'address:203.0.113.9', ttl = minute) {
  const found = [];
  for (let request = 0; request < count; request += 1) {
    found.push(await storage.increment(key, ttl, 20, ttl, 'public'));
  }
  return found;
}

it('says how many requests count, when none will, and how long to wait', async () => {
  const storage = new LocalStorage(clock);
  const [first] = await answers(storage, 1);
  expect(first).toEqual({ totalHits: 1, timeToExpire: 3, isBlocked: false, timeToBlockExpire: 0 });
  expect((await answers(storage, 19)).at(-1)).toMatchObject({ totalHits: 20, timeToExpire: 60, isBlocked: false });
  const refused = { totalHits: 20, timeToExpire: 60, isBlocked: true, timeToBlockExpire: 3 };
  expect(await answers(storage, 1)).toEqual([refused]);
  clock.seconds += 3;
  expect(await answers(storage, 2)).toMatchObject([{ isBlocked: false }, { isBlocked: true }]);
});

it('counts by the span of a throttler', async () => {
  const storage = new LocalStorage(clock);
  const hour = 60 * minute;
  expect((await answers(storage, 21, 'user:17', hour)).at(-1)).toMatchObject({ timeToBlockExpire: 180 });
  clock.seconds += 179;
  expect(await answers(storage, 1, 'user:17', hour)).toMatchObject([{ isBlocked: true }]);
});

it('refuses a limit or a block duration that GCRA cannot keep', async () => {
  const storage = new LocalStorage(clock);
  const increment = async (limit: number, blockDuration: number) =>
    storage.increment('user:18', minute, limit, blockDuration, 'default');
  await expect(increment(5, 2 * minute)).rejects.toThrow(/blockDuration/);
  await expect(increment(0, minute)).rejects.toThrow(/limit/);
  await expect(increment(NaN, minute)).rejects.toThrow(/limit/);
});

it('keeps a bounded number of buckets of each kind, and those that were used last', async () => {
  const storage = new LocalStorage(clock, 100);
  await answers(storage, 21, 'user:17');
  for (let address = 0; address < 1000; address += 1) await answers(storage, 1, `address:203.0.113.${address}`);
  expect(storage.size).toBe(101);
  expect(await answers(storage, 1, 'user:17')).toMatchObject([{ isBlocked: true }]);
});

it('goes on from what it has learnt', async () => {
  const storage = new LocalStorage(clock);
  storage.learn(bucket('user:a'), { ...emptyState(), fullAt: 57_000_000, blockedAt: -1, blockedUntil: -1 });
  const found = await answers(storage, 3, 'user:a');
  expect(found.map(({ isBlocked }) => isBlocked)).toEqual([false, true, true]);
});
