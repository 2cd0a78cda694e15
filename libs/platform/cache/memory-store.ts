import type { KeyvStoreAdapter } from 'keyv';
import { LRUCache } from 'lru-cache';

/** Bytes of values that one process keeps. The least recently used values go first. */
const memoryBytes = 64 * 1024 * 1024;
/** Bytes that an entry takes in addition to its text, about. */
const overheadBytes = 200;

/** Keyv hands a value over like this where nothing serializes it. */
interface Stored {
  value?: unknown;
}

/**
 * The memory tier, as a store of Keyv. `peek` and `keep` are synchronous, and so faster than Keyv.
 */
export class MemoryStore implements KeyvStoreAdapter {
  readonly opts = {};
  private readonly kept = new LRUCache<string, Stored>({
    maxSize: memoryBytes,
    sizeCalculation: ({ value }, key) => 2 * (lengthOf(value) + key.length) + overheadBytes,
    ttlResolution: 1_000,
  });

  /** The value; undefined for a miss. */
  peek(key: string): unknown {
    return this.kept.get(key)?.value;
  }

  /** Keeps a value for `ttl` ms. */
  keep(key: string, value: unknown, ttl: number): void {
    this.kept.set(key, { value }, { ttl });
  }

  drop(key: string): boolean {
    return this.kept.delete(key);
  }

  /** About how many bytes all values take. */
  get bytes(): number {
    return this.kept.calculatedSize;
  }

  get<Value>(key: string): Promise<Value | undefined> {
    return Promise.resolve(this.kept.get(key) as Value | undefined);
  }

  set(key: string, stored: Stored, ttl?: number): void {
    this.kept.set(key, stored, { ttl });
  }

  delete(key: string): Promise<boolean> {
    return Promise.resolve(this.drop(key));
  }

  clear(): Promise<void> {
    this.kept.clear();
    return Promise.resolve();
  }

  /** It has no events. */
  on(): this {
    return this;
  }
}

/** The characters of a value as a text. */
function lengthOf(value: unknown): number {
  const text = (value as { text?: unknown } | undefined)?.text ?? value;
  if (typeof text === 'string') return text.length;
  const json = JSON.stringify(text) as string | undefined;
  return json?.length ?? 0;
}
