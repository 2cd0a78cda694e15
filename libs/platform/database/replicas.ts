import { Replica } from './replica';
import { replicaMetrics } from './replica.metrics';

/** For so many ms after it lacked something a replica comes last, so that one which is late all the time is seldom asked. */
const lateMs = 1_000;

/** The servers that take reads off the primary. */
export class Replicas {
  private readonly all: Replica[];
  private turn = 0;

  constructor(urls: readonly string[], poolSize: number) {
    this.all = urls.map((url) => new Replica(url, poolSize));
  }

  /** Looks at all of them once, and from then on by itself. */
  async start(): Promise<void> {
    await Promise.all(this.all.map((replica) => replica.watch()));
  }

  /** The least busy of those that are not late; else the one that was late longest ago; undefined where none is usable. */
  choose(): Replica | undefined {
    const usable = this.all.filter((replica) => replica.isUsable);
    if (usable.length === 0) {
      replicaMetrics.primaryReads.inc({ reason: 'away' });
      return undefined;
    }
    const punctualSince = performance.now() - lateMs;
    const punctual = usable.filter(({ wasLateAt }) => wasLateAt < punctualSince);
    if (punctual.length === 0) return usable.reduce((one, other) => (other.wasLateAt < one.wasLateAt ? other : one));
    // Of those that are equally busy each in turn.
    const first = (this.turn += 1) % punctual.length;
    const inTurn = [...punctual.slice(first), ...punctual.slice(0, first)];
    return inTurn.reduce((one, other) => (other.busy < one.busy ? other : one));
  }

  /** Of those that are not used, why. */
  get faults(): string[] {
    return this.all.flatMap(({ name, fault }) => (fault ? [`${name} ${fault}`] : []));
  }

  measure(): void {
    for (const { name, isUsable } of this.all) replicaMetrics.up.set({ replica: name }, isUsable ? 1 : 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((replica) => replica.stop()));
  }
}
