import { Injectable } from '@nestjs/common';
import type { PrimaryMoment } from '#platform/context';
import { Database, momentSql, Pace, SharedCall } from '#platform/database';

/** As many as the migration made; accounts are spread over them by the low bits of their ids. */
const shards = 32;

/** A moment of the primary, and the version that an account had then. */
export interface PrimaryReading extends PrimaryMoment {
  version: string | undefined;
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
 * changes, so that it does not matter which process, or psql, makes them. A shared reading is as true as one of one's own, and under
 * load costs a small part of one.
 */
@Injectable()
export class PrimaryReadingsService {
  private readonly readings = new SharedCall(() => this.current(), new Pace());
  private text = '';
  private versions: readonly string[] = [];

  constructor(private readonly database: Database) {}

  /** The primary at some moment after the call, seen from one account. */
  async next(userId: number): Promise<PrimaryReading> {
    const { versions, moment } = await this.readings.next();
    return { ...moment, version: versions[userId & (shards - 1)] };
  }

  private async current(): Promise<Reading> {
    const [row] = await this.database.query<Row>(
      undefined,
      `SELECT (SELECT string_agg(version::text, ' ' ORDER BY shard) FROM account_versions) AS versions,
         ${momentSql}`,
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
