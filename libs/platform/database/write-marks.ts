import { randomUUID } from 'node:crypto';
import type { PrimaryMoment } from '#platform/context';
import { RedisAwayError, type RedisConnection } from '#platform/redis';
import { digitsOf, lsnOf, lsnOfDigits } from './lsn';
import { primaryMoment, type AskPrimary } from './primary-moment';
import { replicaMetrics } from './replica.metrics';
import { SharedCall } from './shared-call';

/** Of `shared_generations`. */
const generationName = 'write-marks';
/** A mark is kept this many ms: much longer than a replica that is used may be behind. */
const markMs = 60_000;
/** An epoch is begun again after this many ms, and a claim to do so holds for less. */
const epochMs = 3_600_000;
const claimMs = 5_000;
const prefix = 'ip2a:mark:';

/** A later commit may be marked sooner than an earlier one: the mark stays with the furthest. */
const keepScript = `local kept = redis.call('GET', KEYS[1])
if kept and kept > ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** A claim that was lost meanwhile, by whatever emptied Redis, begins nothing. */
const beginScript = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/**
 * How far a server must have come to show a user what they have changed. Each commit leaves a mark in Redis before its reply does.
 * Where that can not be done, a new generation begins on the primary, whose number every request reads there: marks of the one
 * before count for nothing. No mark means no change since the epoch, which was taken from the primary after Redis had been claimed
 * for it: what empties Redis takes the epoch with it. Marks belong to one run of one Redis server, so that an old copy of them never counts.
 */
export class WriteMarks {
  private server?: { connection: number; run: string | undefined };
  private isBeginning = false;
  private readonly raise: SharedCall<unknown>;

  constructor(
    private readonly redis: RedisConnection,
    private readonly primary: AskPrimary,
  ) {
    this.raise = new SharedCall(() =>
      primary(`UPDATE shared_generations SET generation = generation + 1 WHERE name = '${generationName}'`),
    );
  }

  /** Marks a commit, of which `moment` is a later moment. Whoever waits for the reply must wait for this. */
  async keep(userId: number, moment: PrimaryMoment): Promise<void> {
    if (!this.redis.isConfigured) return;
    const run = await this.run();
    if (run !== undefined) {
      const digits = digitsOf(lsnOf(moment.lsn));
      const kept = this.ask('EVAL', keepScript, '1', keyOf(moment, run, userId), digits, String(markMs));
      if ((await kept) !== undefined) return;
    }
    replicaMetrics.marksFailed.inc();
    await this.raise.next();
  }

  /**
   * Where a server must have come to at least for this user; never further than the primary was after the request had begun, which is right
   * for everybody.
   */
  async required(userId: number | null | undefined, moment: PrimaryMoment): Promise<bigint> {
    const now = lsnOf(moment.lsn);
    const run = userId ? await this.run() : undefined;
    if (!userId || run === undefined) return now;
    const epochKey = keyOf(moment, run, 'epoch');
    const found = await this.ask('MGET', keyOf(moment, run, userId), epochKey);
    if (!Array.isArray(found)) return now;
    const [mark, epoch] = found as (string | null)[];
    if (!epoch) void this.begin(epochKey);
    if (!epoch || epoch.startsWith('?')) return now;
    return least(now, greatest(lsnOfDigits(epoch), mark ? lsnOfDigits(mark) : 0n));
  }

  private async begin(epochKey: string): Promise<void> {
    if (this.isBeginning) return;
    this.isBeginning = true;
    try {
      const claim = `?${randomUUID()}`;
      if ((await this.ask('SET', epochKey, claim, 'NX', 'PX', String(claimMs))) !== 'OK') return;
      const { lsn } = await primaryMoment(this.primary);
      await this.ask('EVAL', beginScript, '1', epochKey, claim, digitsOf(lsnOf(lsn)), String(epochMs));
    } catch {
      // The primary is away; somebody's claim will succeed once it is back.
    } finally {
      this.isBeginning = false;
    }
  }

  /** The run of the Redis server that is connected; undefined where there is none, or one that may throw marks away. */
  private async run(): Promise<string | undefined> {
    const { connection } = this.redis;
    if (!this.redis.isUp) return undefined;
    if (this.server?.connection === connection) return this.server.run;
    const info = await this.ask('INFO');
    if (typeof info !== 'string' || this.redis.connection !== connection) return undefined;
    const evicts = !/^maxmemory:0\r?$/m.test(info) && !/^maxmemory_policy:noeviction/m.test(info);
    this.server = { connection, run: evicts ? undefined : /^run_id:(\w+)/m.exec(info)?.[1] };
    return this.server.run;
  }

  private async ask(...command: string[]): Promise<unknown> {
    try {
      return await this.redis.ask(command);
    } catch (error) {
      if (error instanceof RedisAwayError) return undefined;
      throw error;
    }
  }
}

function keyOf({ generations }: PrimaryMoment, run: string, name: number | 'epoch'): string {
  return `${prefix}${generations[generationName] ?? '0'}:${run}:${name}`;
}

const least = (one: bigint, other: bigint) => (one < other ? one : other);
const greatest = (one: bigint, other: bigint) => (one > other ? one : other);
