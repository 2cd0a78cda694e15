import type { KeyvStoreAdapter } from 'keyv';
import { LRUCache } from 'lru-cache';

/** Bytes of values that one process keeps; those used least recently go first. */
const memoryBytes = 64 * 1024 * 1024;
/** What an entry costs beside its text, in bytes, about. */
const overheadBytes = 200;

/** As Keyv hands a value to a store that needs no text. */
interface Stored {
  value?: unknown;
}

/** The tier in this process, as a store of Keyv. `peek` answers at once what Keyv answers after some turns of the event loop. */
export class MemoryStore implements KeyvStoreAdapter {
  readonly opts = {};
  private readonly kept = new LRUCache<string, Stored>({
    maxSize: memoryBytes,
    sizeCalculation: ({ value }, key) => 2 * (lengthOf(value) + key.length) + overheadBytes,
    ttlResolution: 1_000,
  });

  /** The value; undefined where there is none, or where it has expired. */
  peek(key: string): unknown {
    return this.kept.get(key)?.value;
  }

  /** Keeps a value for so many ms; at once. */
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

  /** Nothing happens to it that somebody would wait for. */
  on(): this {
    return this;
  }
}

/** How many characters a value has as a text. */
function lengthOf(value: unknown): number {
  const text = (value as { text?: unknown } | undefined)?.text ?? value;
  if (typeof text === 'string') return text.length;
  const json = JSON.stringify(text) as string | undefined;
  return json?.length ?? 0;
}
