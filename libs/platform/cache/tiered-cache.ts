import type { OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Config } from '#platform/config';
import type { Database } from '#platform/database';
import type { RedisConnection } from '#platform/redis';
import { SecretBox } from '#platform/secrets';
import { cacheMetrics, countRequest } from './cache.metrics';

/** Before the names of all keys, because others may use the same Redis. */
const prefix = 'ip2a:cache';
/** Bytes of values that one process keeps; those used least recently go first. */
const memoryBytes = 64 * 1024 * 1024;
/** What an entry of the memory costs beside its text, in bytes, about. */
const overheadBytes = 200;

/**
 * Texts in two tiers: the process's memory, and Redis, encrypted, for all processes. It may hold anything, however old: whoever shows
 * something from here lets the statement that writes the entry compare the version. So there is nothing to invalidate. Redis
 * being away, slow or full is a miss.
 */
export class TieredCache implements OnModuleInit {
  private readonly memory = new LRUCache<string, string>({
    maxSize: memoryBytes,
    sizeCalculation: (text, key) => 2 * (text.length + key.length) + overheadBytes,
    ttlResolution: 1_000,
  });
  private readonly box: SecretBox;
  /** Tells this database from others whose program uses the same Redis and the same keys. */
  private database = '';

  constructor(
    private readonly redis: RedisConnection,
    private readonly primary: Database,
    config: Config,
  ) {
    this.box = new SecretBox(config, 'cache');
  }

  async onModuleInit(): Promise<void> {
    if (!this.redis.isConfigured) return;
    const [row] = await this.primary.query<{ database: string }>(
      undefined,
      `SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
         (SELECT oid FROM pg_database WHERE datname = current_database())) AS database`,
    );
    this.database = row?.database ?? '';
  }

  /** The text from memory. */
  here(kind: string, key: string): string | undefined {
    const text = this.memory.get(key);
    if (text !== undefined) countRequest(kind, 'hit');
    else if (!this.redis.isUp) countRequest(kind, this.redis.isConfigured ? 'error' : 'miss');
    return text;
  }

  /** The text from Redis, which is kept in memory for `seconds` from then on. Never fails. */
  async elsewhere(kind: string, key: string, seconds: number): Promise<string | undefined> {
    if (!this.redis.isUp) return undefined;
    try {
      const found = await this.redis.ask(['GET', this.nameOf(key)]);
      if (typeof found !== 'string') {
        countRequest(kind, 'miss');
        return undefined;
      }
      const text = this.box.open(found, this.nameOf(key));
      this.memory.set(key, text, { ttl: seconds * 1000 });
      countRequest(kind, 'hit');
      return text;
    } catch {
      // Redis went away, or the value is none that we stored under this key.
      countRequest(kind, 'error');
      return undefined;
    }
  }

  /** Keeps the text in both tiers for so many seconds. Never fails. */
  set(key: string, text: string, seconds: number): void {
    if (seconds < 1) return;
    this.memory.set(key, text, { ttl: seconds * 1000 });
    if (!this.redis.isUp) return;
    const name = this.nameOf(key);
    void this.redis
      .ask(['SET', name, this.box.seal(text, name), 'EX', String(Math.floor(seconds))])
      .catch(() => undefined);
  }

  /** Drops it from this process. Redis keeps its own until somebody finds it outdated and replaces it. */
  drop(key: string): void {
    this.memory.delete(key);
  }

  /** Brings the metrics up to date. */
  measure(): void {
    cacheMetrics.bytes.set(this.memory.calculatedSize);
  }

  /** The name in Redis, which a value is also bound to: it is worth nothing under another. */
  private nameOf(key: string): string {
    return `${prefix}:${this.database}:${key}`;
  }
}
