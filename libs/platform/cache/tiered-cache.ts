import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { RedisConnection } from '#platform/redis';
import { cacheMetrics, countRequest } from './cache.metrics';
import { MemoryStore } from './memory-store';

/** The value in both tiers. It contains its key, so a copy under another key is recognized. */
interface Entry {
  key: string;
  text: string;
}

/**
 * Texts in the two tiers of the CacheModule: the memory of this process, and Redis, encrypted, for
 * all processes. They may be stale: the statement that writes the entry compares the version. So
 * nothing is invalidated. Where Redis is away, slow or full, the tier answers with a miss.
 */
@Injectable()
export class TieredCache {
  private readonly memory: MemoryStore;
  private readonly shared: Cache['stores'][number] | undefined;

  constructor(
    @Inject(CACHE_MANAGER) { stores: [memory, shared] }: Cache,
    private readonly redis: RedisConnection,
  ) {
    this.memory = memory?.store as MemoryStore;
    this.shared = shared;
  }

  /** The text from memory. */
  here(kind: string, key: string): string | undefined {
    const entry = this.memory.peek(key) as Entry | undefined;
    if (entry !== undefined) countRequest(kind, 'hit');
    else if (!this.redis.isUp) countRequest(kind, this.shared ? 'error' : 'miss');
    return entry?.text;
  }

  /** The text from Redis, which is kept in memory for `seconds` from then on. Never fails. */
  async elsewhere(kind: string, key: string, seconds: number): Promise<string | undefined> {
    if (!this.shared || !this.redis.isUp) return undefined;
    try {
      const entry = await this.shared.get<Entry>(key);
      if (entry && entry.key !== key) throw new Error('It was kept under another key.');
      countRequest(kind, entry ? 'hit' : 'miss');
      if (entry) this.memory.keep(key, entry, seconds * 1000);
      return entry?.text;
    } catch {
      // Redis went away, or the value is none that we stored under this key.
      countRequest(kind, 'error');
      return undefined;
    }
  }

  /** Keeps the text in both tiers for so many seconds. Never fails. */
  set(key: string, text: string, seconds: number): void {
    if (seconds < 1) return;
    const entry: Entry = { key, text };
    const ttl = Math.floor(seconds) * 1000;
    this.memory.keep(key, entry, ttl);
    if (this.redis.isUp) void this.shared?.set(key, entry, ttl).catch(() => undefined);
  }

  /** Drops it from this process. Redis keeps its own until somebody finds it outdated and replaces it. */
  drop(key: string): void {
    this.memory.drop(key);
  }

  /** Brings the metrics up to date. */
  measure(): void {
    cacheMetrics.bytes.set(this.memory.bytes);
  }
}
