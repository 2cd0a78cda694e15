import type { OnModuleInit } from '@nestjs/common';
import type { Config } from '#platform/config';
import type { PrimaryMoment } from '#platform/context';
import type { Database } from '#platform/database';
import { RedisAwayError, type RedisConnection } from '#platform/redis';
import { SecretBox } from '#platform/secrets';
import { beginScript, endScript, fillScript, lookUpScript } from './cache-scripts';
import { cacheMetrics, countRequest } from './cache.metrics';

/** Before the names of all keys, because others may use the same Redis. */
const prefix = 'ip2a:cache';
/** How long after the primary was asked a change that was announced may still be committed, in seconds; `holdMs` is three times as long. */
const announcedSeconds = 10;
/** Between two attempts to become the cache of all processes, in ms. */
const settleEveryMs = 10_000;

/** One rendering of a record. Its name, such as `members 17`, is the one that changes of it are announced under. */
export interface CachedRecord {
  kind: string;
  name: string;
  /** Which of its renderings. */
  variant: string;
}

/** A value that was looked up and not found may be stored, by whoever reads it after that. */
export interface Grant {
  serverId: string;
  keys: string[];
  field: string;
  name: string;
  asked: number;
}

/**
 * What all processes remember of records and sessions, in Redis, encrypted. Nothing in it is older than what anybody was told before a request
 * began: the database says, in the reading that each request waits for, which generation counts (each change that was not
 * announced begins one) and which Redis, by an epoch that whoever finds another one there begins. A change is announced before it is made; from
 * then on nothing is stored of its record until it must be over. Redis may forget or lose anything: what it can not vouch
 * for is not stored. Where it is away, everybody asks the database.
 */
export class SharedCache implements OnModuleInit {
  private readonly box: SecretBox;
  /** Tells this database from others whose program uses the same Redis and the same keys. */
  private database = '';
  private settledAt = -Infinity;

  constructor(
    private readonly redis: RedisConnection,
    private readonly primary: Database,
    config: Config,
  ) {
    this.box = new SecretBox(config, 'cache');
  }

  async onModuleInit(): Promise<void> {
    if (!this.isConfigured) return;
    const [row] = await this.primary.query<{ database: string }>(
      undefined,
      `SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
         (SELECT oid FROM pg_database WHERE datname = current_database())) AS database`,
    );
    this.database = row?.database ?? '';
  }

  get isConfigured(): boolean {
    return this.redis.isConfigured;
  }

  /** The rendering as it was at the moment or later; else a grant to store it, or nothing where it may not be stored now. */
  async lookUp(moment: PrimaryMoment, record: CachedRecord): Promise<string | Grant | undefined> {
    const place = this.placeOf(moment, record.name);
    if (!place) {
      countRequest(record.kind, this.redis.isUp ? 'bypass' : 'error');
      return undefined;
    }
    const { serverId, keys } = place;
    const field = fieldOf(moment, record.variant);
    try {
      const found = await this.redis.run(lookUpScript, keys, [field, record.name]);
      if (typeof found === 'string') {
        const value = this.box.open(found, ownerOf(keys, field));
        countRequest(record.kind, 'hit');
        return value;
      }
      countRequest(record.kind, 'miss');
      return found ? { serverId, keys, field, name: record.name, asked: Number(found) } : undefined;
    } catch {
      // Redis went away, or what it holds is not what we stored there.
      countRequest(record.kind, 'error');
      return undefined;
    }
  }

  /** Stores what was read after the grant was given, unless it may have changed since. Never fails. */
  async fill(kind: string, grant: Grant, value: string, seconds: number): Promise<void> {
    const { serverId, keys, field, name, asked } = grant;
    if (this.redis.serverId !== serverId) return;
    try {
      const sealed = this.box.seal(value, ownerOf(keys, field));
      const words = [field, name, String(asked), sealed, String(seconds * 1000)];
      const isStored = await this.redis.run(fillScript, keys, words);
      cacheMetrics.fills.inc({ kind, result: isStored ? 'stored' : 'refused' });
    } catch {
      cacheMetrics.fills.inc({ kind, result: 'failed' });
    }
  }

  /**
   * Tells the cache that the record will be changed. Answers until when, by the primary's clock, the change must be committed, and what
   * ends the announcement then; undefined where the cache could not be told, and the change has to begin a new generation.
   */
  async announce(moment: PrimaryMoment | undefined, name: string): Promise<Announcement | undefined> {
    if (!this.isConfigured) return undefined;
    const place = moment && this.placeOf(moment, name);
    try {
      if (!place) throw new RedisAwayError();
      const ends = await this.redis.run(beginScript, place.keys, [name]);
      cacheMetrics.changes.inc({ result: 'announced' });
      return {
        until: moment.seconds + announcedSeconds,
        end: (left) => this.end({ place, moment, name, ends: Number(ends) }, left),
      };
    } catch {
      cacheMetrics.changes.inc({ result: 'unannounced' });
      return undefined;
    }
  }

  /** What was stored under a name that nobody changes the meaning of; `bound` is what it depends on, such as a version. */
  async recall(kind: string, name: string, bound: string): Promise<string | undefined> {
    if (!this.isConfigured) return undefined;
    const key = `${prefix}:${this.database}:${name}`;
    try {
      const found = this.redis.isUp ? await this.redis.ask(['GET', key]) : undefined;
      if (typeof found !== 'string') {
        countRequest(kind, this.redis.isUp ? 'miss' : 'error');
        return undefined;
      }
      const value = this.box.open(found, ownerOf([key], bound));
      countRequest(kind, 'hit');
      return value;
    } catch {
      countRequest(kind, this.redis.isUp ? 'miss' : 'error');
      return undefined;
    }
  }

  /** Stores it for so many seconds. Never fails. */
  async remember(kind: string, name: string, bound: string, value: string, seconds: number): Promise<void> {
    if (!this.redis.isUp || seconds < 1) return;
    const key = `${prefix}:${this.database}:${name}`;
    try {
      await this.redis.ask([
        'SET',
        key,
        this.box.seal(value, ownerOf([key], bound)),
        'EX',
        String(Math.floor(seconds)),
      ]);
      cacheMetrics.fills.inc({ kind, result: 'stored' });
    } catch {
      cacheMetrics.fills.inc({ kind, result: 'failed' });
    }
  }

  private async end({ place, moment, name, ends }: Announced, left?: LeftByChange): Promise<void> {
    const { serverId, keys } = place;
    if (ends === 0 || this.redis.serverId !== serverId) return;
    const words = [name, String(ends)];
    if (left) {
      const field = fieldOf(moment, left.variant);
      words.push(field, this.box.seal(left.value, ownerOf(keys, field)), String(left.seconds * 1000));
    }
    try {
      const isStored = await this.redis.run(endScript, keys, words);
      if (left) cacheMetrics.fills.inc({ kind: left.kind, result: isStored ? 'stored' : 'refused' });
    } catch {
      if (left) cacheMetrics.fills.inc({ kind: left.kind, result: 'failed' });
    }
  }

  /** Where a record is stored, if the Redis that this process asks is the one that the database names. */
  private placeOf(moment: PrimaryMoment, name: string): Place | undefined {
    const { serverId } = this.redis;
    if (!serverId) return undefined;
    const [, holder, epoch] = (moment.generations['record-cache'] ?? '').split(' ');
    if (holder !== serverId) {
      void this.settle();
      return undefined;
    }
    cacheMetrics.generation.set(Number(generationOf(moment)));
    const place = `${prefix}:${this.database}:${epoch}`;
    return { serverId, keys: [`${place}:${name.replace(' ', ':')}`, `${place}:changing`] };
  }

  /** Makes the Redis that this process has found the cache of all processes, in a new epoch. */
  private async settle(): Promise<void> {
    const now = performance.now();
    if (now - this.settledAt < settleEveryMs) return;
    this.settledAt = now;
    try {
      await this.redis.identify();
      const { serverId } = this.redis;
      if (!serverId) return;
      await this.primary.query(
        undefined,
        `UPDATE shared_generations SET generation = generation + 1,
           holder = $1::text || ' ' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 16)
         WHERE name = 'record-cache' AND split_part(coalesce(holder, ''), ' ', 1) <> $1`,
        [serverId],
      );
    } catch {
      // The next request that may try does.
    }
  }
}

/** An announced change. */
export interface Announcement {
  until: number;
  /**
   * Call it after the commit, with the rendering that the change has left, if there is one; whether it gets through matters to nobody but those who find
   * nothing stored until then. Never fails.
   */
  end: (left?: LeftByChange) => Promise<void>;
}

/** A rendering of a record as a change has left it. */
export interface LeftByChange {
  kind: string;
  variant: string;
  value: string;
  seconds: number;
}

interface Place {
  serverId: string;
  keys: string[];
}

interface Announced {
  place: Place;
  moment: PrimaryMoment;
  name: string;
  ends: number;
}

function generationOf({ generations }: PrimaryMoment): string {
  return generations['records'] ?? '0';
}

/** A rendering is of one history of the primary, of a generation of records there. */
function fieldOf(moment: PrimaryMoment, variant: string): string {
  return `${moment.timeline}.${generationOf(moment)}.${variant}`;
}

/** Binds a sealed value to its place, so that it is worth nothing in another. */
function ownerOf([key]: string[], field: string): string {
  return `${key} ${field}`;
}
