import { Arrivals } from './arrivals';
import { LoadFigures, Times } from './load-figures';
import { crowdsOf, LoadMix, type Crowd } from './load-mix';
import { MetricsPage } from './metrics-page';
import { Random } from '#kernel';
import { Zipf } from './zipf';

describe('arrivals', () => {
  it('come at the rate that was asked for, with exponential gaps', () => {
    const arrivals = new Arrivals(200, new Random(42));
    const due = [...arrivals.due(100_000)];
    expect(due.length).toBeGreaterThan(19_500);
    expect(due.length).toBeLessThan(20_500);
    const gaps = due.slice(1).map((at, index) => at - (due[index] as number));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean).toBeCloseTo(1, 1);
  });

  it('are the same however late and however often somebody asks: no answer is waited for', () => {
    const seldom = [...new Arrivals(50, new Random(7)).due(10_000)];
    const often = new Arrivals(50, new Random(7));
    const inSteps = Array.from({ length: 1_000 }, (_, step) => [...often.due((step + 1) * 10)]).flat();
    expect(inSteps).toEqual(seldom);
    expect(often.nextMs).toBeGreaterThan(10_000);
  });

  it('rise evenly in the beginning, where that was asked for', () => {
    const due = [...new Arrivals(200, new Random(42), 40_000).due(60_000)];
    const within = (from: number, to: number) => due.filter((at) => at >= from && at < to).length;
    // Of a triangle of 4,000 a quarter comes in its first half.
    expect(within(0, 20_000)).toBeGreaterThan(900);
    expect(within(0, 20_000)).toBeLessThan(1_100);
    expect(within(20_000, 40_000)).toBeGreaterThan(2_800);
    expect(within(20_000, 40_000)).toBeLessThan(3_200);
    expect(within(40_000, 60_000)).toBeGreaterThan(3_750);
    expect(within(40_000, 60_000)).toBeLessThan(4_250);
  });
});

describe('Zipf', () => {
  const values = Array.from({ length: 1_000 }, (_, index) => index + 1);
  const drawn = (seed: number, times: number) => {
    const zipf = new Zipf(values, new Random(seed), 1);
    const counts = new Map<number, number>();
    for (let time = 0; time < times; time += 1) {
      const value = zipf.draw();
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].sort(([, one], [, other]) => other - one);
  };

  it('draws the second as half as often as the first, and everything at some time', () => {
    const counts = drawn(42, 200_000);
    const [first = 0, second = 0, third = 0] = counts.map(([, count]) => count);
    expect(first / second).toBeCloseTo(2, 0);
    expect(first / third).toBeCloseTo(3, 0);
    expect(first / 200_000).toBeCloseTo(1 / 7.485, 2);
    expect(counts.length).toBeGreaterThan(990);
  });

  it('has other favourites for another seed, and the same for the same', () => {
    const favourites = (seed: number) =>
      drawn(seed, 20_000)
        .slice(0, 3)
        .map(([value]) => value);
    expect(favourites(1)).toEqual(favourites(1));
    expect(favourites(1)).not.toEqual(favourites(2));
  });

  it('draws the only one there is, and refuses to draw from nothing', () => {
    expect(new Zipf(['only'], new Random(1)).draw()).toBe('only');
    expect(() => new Zipf([], new Random(1))).toThrow(RangeError);
  });
});

describe('times', () => {
  it('have percentiles within a thousandth', () => {
    const times = new Times();
    for (let ms = 1; ms <= 10_000; ms += 1) times.add(ms);
    const { count, p50, p95, p99, max } = times.latency();
    expect(count).toBe(10_000);
    for (const [is, should] of [
      [p50, 5_000],
      [p95, 9_500],
      [p99, 9_900],
      [max, 10_000],
    ] as const) {
      expect(Math.abs(is / should - 1)).toBeLessThan(0.0015);
    }
  });

  it('of nothing are nothing, and less than a µs is one', () => {
    expect(new Times().latency()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
    const times = new Times();
    times.add(0);
    expect(times.latency().max).toBe(0.001);
  });

  it('of failures count: a service that answers nothing is not fast', () => {
    const figures = new LoadFigures();
    figures.due = 3;
    figures.answer('me:read', 1);
    figures.fail('me:read', 'timeout', 10_000);
    expect(figures.byOperation()['me:read']).toMatchObject({ count: 2 });
    expect(figures.all.latency().max).toBeGreaterThan(9_980);
    expect([figures.open, Object.fromEntries(figures.errors)]).toEqual([1, { timeout: 1 }]);
  });
});

describe('the mix', () => {
  const ids = { members: [1, 2, 3], organizations: [4, 5], employments: [6, 7] };
  const mix = new LoadMix(ids, new Random(42), {
    newValue: () => 'new',
    credentials: () => ({ email: 'a@load.local.example', password: 'secret' }),
  });

  it.each<Crowd>(['office', 'members', 'public'])('of the %s has nine reads to one write', (crowd) => {
    const errands = Array.from({ length: 20_000 }, () => mix.errand(crowd, []));
    const writes = errands.filter(({ method }) => method !== 'GET');
    expect(writes.length / errands.length).toBeCloseTo(0.1, 2);
    expect(writes.every(({ body }) => body !== undefined)).toBe(true);
  });

  it('has a fifth of the requests sent by the office, where one user in a hundred works', () => {
    const crowds = Array.from({ length: 20_000 }, () => mix.crowd());
    expect(crowds.filter((crowd) => crowd === 'office').length / crowds.length).toBeCloseTo(0.2, 1);
    expect(crowdsOf(4_040)).toEqual({ office: 40, members: 3_960, public: 40 });
    expect(crowdsOf(3)).toEqual({ office: 1, members: 1, public: 1 });
  });

  it('leads a clerk back to what they changed', () => {
    const paths = Array.from({ length: 2_000 }, () => mix.errand('office', ['/members/99']).path);
    expect(paths.filter((path) => path === '/members/99').length).toBeGreaterThan(100);
  });
});

describe('a page of metrics', () => {
  const page = new MetricsPage(
    [
      '# HELP cache_total Look-ups.',
      '# TYPE cache_total counter',
      'cache_total{result="hit",of="a b"} 30',
      'cache_total{result="miss"} 10',
      'gauge 2.5e3',
      'unknown NaN',
    ].join('\n'),
  );

  it('adds up series, those of one label, and tells nothing of what is absent', () => {
    expect(page.sum('cache_total')).toBe(40);
    expect(page.sum('cache_total', 'result', 'hit')).toBe(30);
    expect(page.sum('gauge')).toBe(2_500);
    expect(page.sum('cache')).toBeUndefined();
    expect(page.sum('unknown')).toBeNaN();
  });
});
