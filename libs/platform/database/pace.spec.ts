import { setImmediate as turn } from 'node:timers/promises';
import { Pace } from './pace';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

async function hasCome(wanted: Promise<void>): Promise<boolean> {
  let come = false;
  void wanted.then(() => (come = true));
  for (let turns = 0; turns < 3; turns += 1) await turn();
  return come;
}

it('lets the first begin at once, and the next a little later', async () => {
  const pace = new Pace();
  pace.join();
  expect(await hasCome(pace.turn())).toBe(true);
  pace.join();
  const second = pace.turn();
  expect(await hasCome(second)).toBe(false);
  jest.advanceTimersByTime(10);
  expect(await hasCome(second)).toBe(true);
});

it('does not let many wait', async () => {
  const pace = new Pace();
  await pace.turn();
  pace.join();
  const second = pace.turn();
  expect(await hasCome(second)).toBe(false);
  for (let more = 0; more < 15; more += 1) pace.join();
  expect(await hasCome(second)).toBe(true);
  for (let more = 0; more < 16; more += 1) pace.join();
  expect(await hasCome(pace.turn())).toBe(true);
});
