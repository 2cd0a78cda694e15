import { Clock } from '#kernel';
import type { RedisConnection } from '#platform/redis';
import { LocalStorage } from './local-storage';
import { decisionIn, RedisStorage } from './redis-storage';

const minute = 60_000_000;
const bucket = { key: 'user:7', limit: 10, span: minute, throttler: 'staff' };

it.each([
  ['a first request', [1, 6_000_000, -1_790_000_000_000_000, -1_790_000_000_000_000, 0, 0]],
  ['the last one that passes', [1, minute, -9, 0, 3, 0]],
  ['one that is blocked', [0, minute, -5, 55_000_000, 10, 4]],
])('an answer of the script is believed: %s', (_what, answer) => {
  expect(decisionIn(answer, bucket)?.passes).toBe(answer[0] === 1);
});

const nonsense: [string, unknown][] = [
  ['nothing', null],
  ['a text', 'OK'],
  ['a number', 1],
  ['an empty list', []],
  ['too few numbers', [1, 0, 0]],
  ['texts', ['1', '0', '0', '0', '0', '0']],
  ['no numbers', [1, NaN, 0, 0, 0, 0]],
  ['another decision', [2, 0, 0, 0, 0, 0]],
  ['a debt beyond the bucket', [1, minute + 1, 0, 0, 0, 0]],
  ['a block that begins later', [0, 0, 1, 5, 0, 0]],
  ['a block of a year', [0, 0, 0, 31_536_000_000_000, 0, 0]],
  ['a block that lets pass', [1, 0, 0, 5, 0, 0]],
  ['a refusal without a block', [0, 0, 0, 0, 0, 0]],
  ['more strikes than there are', [0, 0, 0, 5, 11, 0]],
  ['fewer than none', [0, 0, 0, 5, 0, -1]],
];

it.each(nonsense)('an answer that cannot be counts as none: %s', async (_what, answer) => {
  let distrusted = 0;
  const connection = { isUp: true, run: async () => answer, distrust: () => (distrusted += 1) };
  const storage = new RedisStorage(connection as unknown as RedisConnection, new LocalStorage(new Clock()));
  const record = await storage.increment(bucket.key, 60_000, bucket.limit, 60_000, bucket.throttler);
  expect([record.isBlocked, record.totalHits, distrusted]).toEqual([false, 1, 1]);
});

it('an error of the server’s refuses nobody', async () => {
  const run = () => Promise.reject(new Error('WRONGTYPE Operation against a key holding the wrong kind of value'));
  const connection = { isUp: true, run } as unknown as RedisConnection;
  const storage = new RedisStorage(connection, new LocalStorage(new Clock()));
  expect((await storage.increment(bucket.key, 60_000, bucket.limit, 60_000, bucket.throttler)).isBlocked).toBe(false);
});
