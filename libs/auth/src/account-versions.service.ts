import { Injectable } from '@nestjs/common';
import { Database } from '#platform/database';

/** As many as the migration made; accounts are spread over them by the low bits of their ids. */
const shards = 32;

interface Waiting {
  resolve: (versions: readonly string[]) => void;
  reject: (error: unknown) => void;
}

/** The version of an account `u`, in the snapshot of the statement that asks. */
export const versionSql = `(SELECT v.version FROM account_versions v WHERE v.shard = u.id & ${shards - 1})`;

/**
 * How often accounts have changed, by shards: what was looked up under the same version still holds. Triggers count, so
 * that it does not matter which process, or psql, makes the change. One reading serves everybody who asked before it
 * began: that is as true as a reading of their own, and under load costs a small part of one.
 */
@Injectable()
export class AccountVersionsService {
  private waiting: Waiting[] = [];
  private isReading = false;
  private text = '';
  private versions: readonly string[] = [];

  constructor(private readonly database: Database) {}

  /** The version of an account at some moment after the call. */
  async of(userId: number): Promise<string | undefined> {
    const versions = await new Promise<readonly string[]>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      // After this turn of the event loop, so that what arrives together shares a reading.
      if (!this.isReading && this.waiting.length === 1) setImmediate(() => void this.read());
    });
    return versions[userId & (shards - 1)];
  }

  private async read(): Promise<void> {
    this.isReading = true;
    const served = this.waiting.splice(0);
    try {
      const versions = await this.current();
      for (const { resolve } of served) resolve(versions);
    } catch (error) {
      // Whoever came meanwhile would wait for the next attempt longer than a refusal may take.
      for (const { reject } of [...served, ...this.waiting.splice(0)]) reject(error);
    }
    this.isReading = false;
    if (this.waiting.length > 0) void this.read();
  }

  private async current(): Promise<readonly string[]> {
    const [row] = await this.database.query<{ text: string }>(
      undefined,
      `SELECT string_agg(version::text, ' ' ORDER BY shard) AS text FROM account_versions`,
    );
    if (row && row.text !== this.text) {
      this.text = row.text;
      this.versions = row.text.split(' ');
    }
    return this.versions;
  }
}
