import type { RequestContext } from '#platform/context';
import { LogClock } from './log-clock';
import { lsnOf } from './lsn';
import { primaryMoment, timelineNumber, type AskPrimary } from './primary-moment';
import { Replica } from './replica';
import { replicaMetrics } from './replica.metrics';
import type { WriteMarks } from './write-marks';

/** Beyond this many ms behind the primary a replica is not used, whoever reads. Marks are kept for much longer. */
const maxLagMs = 10_000;
/** How often the primary is asked how far it is, in ms. */
const sampleMs = 250;
/** For how many ms a read waits for a replica that is nearly there, and how near that is. */
const nearlyThereMs = 5;
const nearMs = 1_000;

/** Where a request reads: a replica, or the primary. */
interface Choice {
  replica: Replica | undefined;
  /** It has everything that had been acknowledged to anybody when the request began. */
  isStrict: boolean;
}

/**
 * Which server answers a read. A request stays with the first that was chosen for it, so that what it reads does not go back in
 * time; one that began with the primary stays with the primary.
 */
export class Replicas {
  private readonly clock = new LogClock(2 * maxLagMs);
  private readonly all: Replica[];
  private timeline?: string;
  private turn = 0;
  private timer?: NodeJS.Timeout;
  private isStopped = false;

  constructor(
    urls: readonly string[],
    poolSize: number,
    private readonly primary: AskPrimary,
    private readonly marks: WriteMarks,
  ) {
    this.all = urls.map((url) => new Replica(url, poolSize));
  }

  /** Looks at all of them once, and from then on by itself. */
  async start(): Promise<void> {
    await this.sample();
    await Promise.all(this.all.map((replica) => replica.refresh()));
  }

  /**
   * The replica that may answer: it has what the user has changed, or where that is `strict` everything acknowledged to anybody, before the
   * request began. Undefined for the primary.
   */
  async choose(context: RequestContext, isStrict: boolean): Promise<Replica | undefined> {
    const { primary: moment } = context;
    const chosen = context.reader as Choice | undefined;
    if (!moment) return undefined;
    if (chosen && (!chosen.replica || chosen.isStrict || !isStrict)) return chosen.replica;
    const usable = chosen?.replica ? [chosen.replica] : this.usable(moment.timeline);
    const replica = usable.length > 0 ? await this.oneOf(usable, context, isStrict) : undefined;
    if (!replica) replicaMetrics.primaryReads.inc({ reason: usable.length > 0 ? 'behind' : 'away' });
    context.reader = { replica, isStrict } satisfies Choice;
    return replica;
  }

  /** From here on this request reads from the primary. */
  static stayWithPrimary(context: RequestContext): void {
    context.reader = { replica: undefined, isStrict: true } satisfies Choice;
  }

  /** Of those that are not used, why. */
  get faults(): string[] {
    return this.all.flatMap((replica) => {
      const fault = this.faultOf(replica, this.timeline);
      return fault ? [`${replica.name} ${fault}`] : [];
    });
  }

  measure(): void {
    for (const replica of this.all) {
      const { name, replayed } = replica;
      replicaMetrics.up.set({ replica: name }, this.faultOf(replica, this.timeline) ? 0 : 1);
      replicaMetrics.lagSeconds.set({ replica: name }, this.lagMs(replica) / 1_000);
      if (replayed !== undefined) replicaMetrics.lagBytes.set({ replica: name }, this.clock.bytesSince(replayed));
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await Promise.all(this.all.map((replica) => replica.stop()));
  }

  private async oneOf(usable: Replica[], context: RequestContext, isStrict: boolean): Promise<Replica | undefined> {
    const { primary: moment, actor } = context;
    if (!moment) return undefined;
    const now = lsnOf(moment.lsn);
    const has = (lsn: bigint) =>
      this.leastBusy(usable.filter(({ replayed }) => replayed !== undefined && replayed >= lsn));
    const whole = has(now);
    if (whole) return whole;
    const required = isStrict ? now : await this.marks.required(actor?.userId, moment);
    return has(required) ?? (await this.nearlyThere(usable, required));
  }

  /** A replica is a moment behind what it is known to be at: it is asked, which costs less than the primary's answer. */
  private async nearlyThere(usable: Replica[], required: bigint): Promise<Replica | undefined> {
    const candidate = this.leastBusy(usable.filter((replica) => this.lagMs(replica) <= nearMs));
    if (!candidate) return undefined;
    const giveUpAt = performance.now() + nearlyThereMs;
    for (;;) {
      const isThere = () => candidate.replayed !== undefined && candidate.replayed >= required;
      await within(giveUpAt - performance.now(), candidate.refresh());
      if (isThere()) return candidate;
      if (candidate.fault || performance.now() >= giveUpAt) return undefined;
    }
  }

  /** Of those that are equally busy each in turn. */
  private leastBusy(replicas: Replica[]): Replica | undefined {
    const first = replicas.length > 0 ? (this.turn += 1) % replicas.length : 0;
    return [...replicas.slice(first), ...replicas.slice(0, first)].reduce<Replica | undefined>(
      (least, replica) => (least && least.busy <= replica.busy ? least : replica),
      undefined,
    );
  }

  private usable(timeline: string): Replica[] {
    return this.all.filter((replica) => this.faultOf(replica, timeline) === undefined);
  }

  /** A replica of another timeline has what the primary never had, or lacks what it has, wherever its log ends. */
  private faultOf(replica: Replica, timeline: string | undefined): string | undefined {
    if (replica.fault) return replica.fault;
    if (timeline === undefined || replica.timeline !== timelineNumber(timeline))
      return 'does not follow the primary yet';
    if (replica.isResting) return 'took too long';
    return this.lagMs(replica) > maxLagMs ? `is more than ${maxLagMs / 1_000} s behind` : undefined;
  }

  private lagMs({ replayed }: Replica): number {
    return replayed === undefined ? Infinity : this.clock.ageOf(replayed, performance.now());
  }

  private async sample(): Promise<void> {
    const at = performance.now();
    try {
      const { lsn, timeline, generations } = await primaryMoment(this.primary);
      if (timeline !== this.timeline) this.clock.forget();
      this.timeline = timeline;
      this.clock.note(lsnOf(lsn), at);
      if (generations.timeline !== timelineNumber(timeline)) await this.tellTimeline(timeline);
    } catch {
      // Without samples the replicas grow old, and are not used.
    }
    if (!this.isStopped) this.timer = setTimeout(() => void this.sample(), sampleMs).unref();
  }

  /** Replicas learn it with the log: who has this row has followed the primary across its promotion. */
  private async tellTimeline(timeline: string): Promise<void> {
    await this.primary(
      `INSERT INTO shared_generations (name, generation) VALUES ('timeline', ${timelineNumber(timeline)})
       ON CONFLICT (name) DO UPDATE SET generation = excluded.generation
       WHERE shared_generations.generation < excluded.generation`,
    );
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, Math.max(1, ms))))]);
  clearTimeout(timer);
}
