import { Random } from '#kernel';

/**
 * error: 500 or 503, nothing is passed on. timeout: nothing is passed on, and no answer comes. truncate: the body of a GET breaks
 * off. lost: the request is passed on and done, and the connection ends before the answer.
 */
export type FaultKind = 'error' | 'timeout' | 'truncate' | 'lost';

export interface FaultOptions {
  /** Of which requests; others pass. All where nothing is said, except that only a GET of an object can be truncated. */
  method?: string;
  /** What the path with the query must match. */
  path?: RegExp;
  /** The request it begins with that many times; once. */
  times?: number;
  /** Of the body that still arrives, for `truncate`: half of it. */
  bytes?: number;
}

export interface Fault {
  kind: FaultKind;
  status: 500 | 503;
  bytes: number | undefined;
}

/** Which requests go wrong: those that a test names, and others by chance, the same for the same seed. */
export class Faults {
  /** How many of each kind there have been. */
  readonly met: Record<FaultKind, number> = { error: 0, timeout: 0, truncate: 0, lost: 0 };
  private planned: (FaultOptions & { kind: FaultKind; times: number })[] = [];
  private chance: { rate: number; kinds: readonly FaultKind[]; random: Random } | undefined;

  /** The next request that fits goes wrong. */
  next(kind: FaultKind, options: FaultOptions = {}): void {
    this.planned.push({ times: 1, ...options, kind });
  }

  /** Of all requests a share goes wrong, from 0 to 1. */
  randomly(rate: number, seed: number, kinds: readonly FaultKind[] = ['error', 'truncate', 'lost']): void {
    this.chance = { rate, kinds, random: new Random(seed) };
  }

  /** Nothing goes wrong any more. */
  none(): void {
    this.planned = [];
    this.chance = undefined;
  }

  /** What is to go wrong with a request, which counts as met. */
  take(method: string, path: string, isObjectRead: boolean): Fault | undefined {
    const fits = (kind: FaultKind) => kind !== 'truncate' || isObjectRead;
    const plan = this.planned.find(
      (one) => fits(one.kind) && (!one.method || one.method === method) && (!one.path || one.path.test(path)),
    );
    if (plan) {
      plan.times -= 1;
      this.planned = this.planned.filter(({ times }) => times > 0);
      return this.meet({ kind: plan.kind, status: 503, bytes: plan.bytes });
    }
    if (!this.chance || this.chance.random.next() >= this.chance.rate) return undefined;
    const kinds = this.chance.kinds.filter(fits);
    if (kinds.length === 0) return undefined;
    const kind = this.chance.random.pick(kinds);
    return this.meet({ kind, status: this.chance.random.next() < 0.5 ? 500 : 503, bytes: undefined });
  }

  private meet(fault: Fault): Fault {
    this.met[fault.kind] += 1;
    return fault;
  }
}
