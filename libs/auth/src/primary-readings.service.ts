import { Injectable } from '@nestjs/common';
import type { PrimaryMoment } from '#platform/context';
import { Database } from '#platform/database';

/** As many as the migration made; accounts are spread over them by the low bits of their ids. */
const shards = 32;

/** A moment of the primary, and the version that an account had then. */
export interface PrimaryReading extends PrimaryMoment {
  version: string | undefined;
}

interface Waiting {
  resolve: (reading: Reading) => void;
  reject: (error: unknown) => void;
}

interface Reading {
  versions: readonly string[];
  moment: PrimaryMoment;
}

interface Row extends PrimaryMoment {
  versions: string;
}

/** The version of an account `u`, in the snapshot of the statement that asks. */
export const versionSql = `(SELECT v.version FROM account_versions v WHERE v.shard = u.id & ${shards - 1})`;

/**
 * What every request asks the primary: how often accounts have changed, by shards, so that what was looked up under the same
 * version still holds; how far its log has come; and the generations of what processes share elsewhere. Triggers count accounts'
 * changes, so that it does not matter which process, or psql, makes them. One reading serves everybody who asked before it began:
 * that is as true as a reading of their own, and under load costs a small part of one.
 */
@Injectable()
export class PrimaryReadingsService {
  private waiting: Waiting[] = [];
  private isReading = false;
  private text = '';
  private versions: readonly string[] = [];

  constructor(private readonly database: Database) {}

  /** The primary at some moment after the call, seen from one account. */
  async next(userId: number): Promise<PrimaryReading> {
    const { versions, moment } = await new Promise<Reading>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      // After this turn of the event loop, so that what arrives together shares a reading.
      if (!this.isReading && this.waiting.length === 1) setImmediate(() => void this.read());
    });
    return { ...moment, version: versions[userId & (shards - 1)] };
  }

  private async read(): Promise<void> {
    this.isReading = true;
    const served = this.waiting.splice(0);
    try {
      const reading = await this.current();
      for (const { resolve } of served) resolve(reading);
    } catch (error) {
      // Whoever came meanwhile would wait for the next attempt longer than a refusal may take.
      for (const { reject } of [...served, ...this.waiting.splice(0)]) reject(error);
    }
    this.isReading = false;
    if (this.waiting.length > 0) void this.read();
  }

  private async current(): Promise<Reading> {
    const [row] = await this.database.query<Row>(
      undefined,
      `SELECT (SELECT string_agg(version::text, ' ' ORDER BY shard) FROM account_versions) AS versions,
         pg_current_wal_flush_lsn()::text AS lsn,
         left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) AS timeline,
         extract(epoch FROM clock_timestamp())::float8 AS seconds,
         (SELECT json_object_agg(name, concat_ws(' ', generation, holder)) FROM shared_generations) AS generations`,
    );
    if (!row) throw new Error('A statement without FROM answers one row.');
    const { versions, ...moment } = row;
    if (versions !== this.text) {
      this.text = versions;
      this.versions = versions.split(' ');
    }
    return { versions: this.versions, moment };
  }
}
