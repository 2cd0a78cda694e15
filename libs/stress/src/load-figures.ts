import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Times in ms. */
export interface Latency {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** Longest time that is told apart, in µs: an hour. */
const longestMicros = 3_600_000_000;

/** Times of one operation, kept in a histogram of three significant figures, so in the same memory however many there are. */
export class Times {
  private readonly histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: longestMicros, figures: 3 });

  add(ms: number): void {
    this.histogram.record(Math.min(longestMicros, Math.max(1, Math.round(ms * 1000))));
  }

  latency(): Latency {
    const { histogram } = this;
    if (histogram.count === 0) return { count: 0, p50: 0, p95: 0, p99: 0, max: 0 };
    const at = (percent: number) => histogram.percentile(percent) / 1000;
    return { count: histogram.count, p50: at(50), p95: at(95), p99: at(99), max: histogram.max / 1000 };
  }
}

/** What became of the requests so far. Each that was due is in exactly one of answered, limited, failed, or is open. */
export class LoadFigures {
  due = 0;
  answered = 0;
  limited = 0;
  failed = 0;
  /** Replies that showed an older state of a record than the same user had been told before. */
  stale = 0;
  /** Replies in which that was looked at. */
  compared = 0;
  readonly all = new Times();
  /** How late requests were sent, beyond what their connection made them wait: the fault of the machine, not of the service. */
  readonly lateness = new Times();
  readonly errors = new Map<string, number>();
  private readonly operations = new Map<string, Times>();

  get open(): number {
    return this.due - this.answered - this.limited - this.failed;
  }

  /** A reply of 2xx or 304, `ms` after the request was due. */
  answer(operation: string, ms: number): void {
    this.answered += 1;
    this.time(operation, ms);
  }

  limit(): void {
    this.limited += 1;
  }

  /** Whatever else; its time counts as well, or a service that answers nothing would look fast. */
  fail(operation: string, kind: string, ms: number): void {
    this.failed += 1;
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
    this.time(operation, ms);
  }

  byOperation(): Record<string, Latency> {
    const names = [...this.operations.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, (this.operations.get(name) as Times).latency()]));
  }

  private time(operation: string, ms: number): void {
    this.all.add(ms);
    let times = this.operations.get(operation);
    if (!times) this.operations.set(operation, (times = new Times()));
    times.add(ms);
  }
}
