import fc from 'fast-check';
import { emptyState, intervalOf, longestBlock, take } from './gcra';

const second = 1_000_000;
const minute = 60 * second;
const start = 1_790_000_000 * second;

/** Which of the requests at these times pass. */
function passing(perMinute: number, times: number[]): boolean[] {
  const state = emptyState();
  return times.map((time) => take(state, perMinute, minute, time));
}

const count = (passes: boolean[]) => passes.filter(Boolean).length;

describe('a bucket', () => {
  it.each([1, 7, 20, 100, 1000, 9999])('lets exactly its limit of %d pass at once', (perMinute) => {
    const times = Array<number>(perMinute * 2).fill(start);
    expect(count(passing(perMinute, times))).toBe(perMinute);
  });

  it.each([
    [3, second],
    [5, 60 * minute],
    [1, 24 * 60 * minute],
  ])('refills its %d requests in a span of %d microseconds', (limit, span) => {
    const state = emptyState();
    const ask = (now: number) => take(state, limit, span, now);
    expect(Array.from({ length: limit }, () => ask(start))).not.toContain(false);
    expect(ask(start + Math.floor(span / limit) - 1)).toBe(false);
    // The refusal has begun a block of a second.
    const later = start + span + second;
    expect([ask(later), limit > 1 && ask(later)]).toEqual([true, limit > 1]);
  });

  it('has no edge at which twice the limit passes', () => {
    // A fixed window would let 100 pass in its last second and 100 in the first of the next.
    const times = [...Array<number>(100).fill(start), ...Array<number>(100).fill(start + 2 * second)];
    expect(count(passing(100, times))).toBe(100 + 3);
  });

  it('lets a steady client that keeps to the limit pass for ever', () => {
    const times = Array.from({ length: 3000 }, (_, index) => start + index * intervalOf(100, minute));
    expect(count(passing(100, times))).toBe(3000);
  });

  it('lets no more pass in any time than the limit and what was refilled in it', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 3 * second }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), gaps, (perMinute, gapsBetween) => {
        const times: number[] = [];
        let now = start;
        for (const gap of gapsBetween) times.push((now += gap));
        const passes = passing(perMinute, times);
        const passed = times.filter((_, index) => passes[index]);
        for (let from = 0; from < passed.length; from += 1) {
          const spans = passed.slice(from).map((time, index) => ({ requests: index + 1, time: time - passed[from]! }));
          const excess = spans.find(
            ({ requests, time }) => requests > perMinute + time / intervalOf(perMinute, minute),
          );
          expect(excess).toBeUndefined();
        }
      }),
    );
  });

  it('does not lock anybody out when the clock is set back', () => {
    const state = emptyState();
    for (let request = 0; request < 25; request += 1) take(state, 20, minute, start + 365 * 24 * 60 * minute);
    take(state, 20, minute, start);
    expect(state.blockedUntil - start).toBeLessThanOrEqual(longestBlock);
    expect(take(state, 20, minute, start + longestBlock + minute)).toBe(true);
  });
});

describe('a block', () => {
  /** The lengths of the blocks that a client gets who sends every `every` for `during`, in seconds. */
  function blocks(perMinute: number, every: number, during: number): number[] {
    const state = emptyState();
    const lengths: number[] = [];
    let last = 0;
    for (let now = start; now < start + during; now += every) {
      take(state, perMinute, minute, now);
      if (state.blockedAt !== last && state.blockedAt >= start) lengths.push((state.blockedUntil - now) / second);
      last = state.blockedAt;
    }
    return lengths;
  }

  it('doubles from a second to a quarter of an hour for who keeps hammering', () => {
    const lengths = blocks(1000, 10_000, 30 * minute);
    expect(lengths.slice(0, 11)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
  });

  it('comes sooner to who sends the whole limit again within it', () => {
    const state = emptyState();
    for (let request = 0; request < 20 + 1 + 20 + 20; request += 1) take(state, 20, minute, start);
    expect(state.strikes).toBe(2);
  });

  it('does not grow for the rest of a burst that was under way', () => {
    const state = emptyState();
    for (let request = 0; request < 1500; request += 1) take(state, 1000, minute, start);
    expect([state.strikes, state.blockedUntil - start]).toEqual([0, second]);
  });

  it('does not grow for who waits as long as it was told', () => {
    const state = emptyState();
    let now = start;
    const waits: number[] = [];
    for (let request = 0; request < 2000; request += 1) {
      if (take(state, 100, minute, now)) continue;
      waits.push(state.blockedUntil - now);
      now = state.blockedUntil;
    }
    expect(new Set(waits)).toEqual(new Set([second]));
  });

  it('is forgotten step by step in quiet minutes', () => {
    const state = emptyState();
    const hammer = (from: number, during: number) => {
      for (let now = from; now < from + during; now += 10_000) take(state, 1000, minute, now);
    };
    hammer(start, 20 * second);
    const { strikes, blockedUntil } = state;
    expect(strikes).toBe(4);
    const later = blockedUntil + 3 * minute;
    for (let request = 0; request < 1001; request += 1) take(state, 1000, minute, later);
    expect([state.strikes, state.blockedUntil - later]).toEqual([1, 2 * second]);
  });
});
