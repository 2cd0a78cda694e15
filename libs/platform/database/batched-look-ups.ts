import { setImmediate } from 'node:timers/promises';

interface Waiting<Value> {
  resolve: (value: Value | undefined) => void;
  reject: (error: unknown) => void;
}

/** Keys that one statement asks for. */
const maxBatch = 200;
/** How long one may take, in ms: a request looks up its account and its record, and has time left for its entry. */
export const batchMs = 700;

/**
 * Look-ups by key that share statements. The next batch gathers while one runs; a look-up that comes alone waits for nothing. Nobody
 * gets an answer that was read before they asked. Where a batch fails, those who wait for the next fail with it: they would wait for
 * another attempt longer than a refusal may take.
 */
export class BatchedLookUps<Value> {
  private readonly waiting = new Map<string, Waiting<Value>[]>();
  private isUnderway = false;

  /** `find` answers the values of those keys that have one, read after the call. */
  constructor(private readonly find: (keys: string[]) => Promise<Map<string, Value>>) {}

  get(key: string): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(key);
      if (others) others.push({ resolve, reject });
      else this.waiting.set(key, [{ resolve, reject }]);
      if (this.isUnderway) return;
      this.isUnderway = true;
      void this.run();
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.size > 0) {
      // After this turn of the event loop, so that those who come together are asked for together.
      await setImmediate();
      const batch = [...this.waiting].slice(0, maxBatch);
      for (const [key] of batch) this.waiting.delete(key);
      try {
        const found = await this.find(batch.map(([key]) => key));
        for (const [key, asking] of batch) for (const { resolve } of asking) resolve(found.get(key));
      } catch (error) {
        const failing = [...batch, ...this.waiting];
        this.waiting.clear();
        for (const [, asking] of failing) for (const { reject } of asking) reject(error);
      }
    }
    this.isUnderway = false;
  }
}
