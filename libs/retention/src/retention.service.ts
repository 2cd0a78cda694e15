import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '#platform/config';
import { Database } from '#platform/database';
import { everyTable, longestOf, yearsLater, type Policy } from './retention-term';

/** What is known of entries that are archived or destroyed together. */
export interface HeldRange {
  /** The tables they are about; null where they are about none. */
  tables: readonly (string | null)[];
  /** No entry is earlier. */
  from: Date;
  /** Every entry is earlier. */
  to: Date;
  /** The users who caused them; null where none did. Absent where that is not known. */
  actors?: readonly (number | null)[];
}

/** What the archive asks before it destroys: is it held, and is it old enough? */
@Injectable()
export class RetentionService {
  constructor(
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Pick<Config, 'AUDIT_RETENTION_YEARS'>,
  ) {}

  /**
   * The active holds that may be on such entries. Rather one too many than one too few: a hold on a record is on all entries about
   * its table, for which of them show that record is not known here. As of now, so ask right before destroying.
   */
  holdsOn({ tables, from, to, actors }: HeldRange): Promise<{ id: number; matter: string }[]> {
    return this.database.query(
      undefined,
      `SELECT id, matter FROM legal_holds
       WHERE released_at IS NULL
         AND (table_name IS NULL OR table_name = ANY ($1::text[]))
         AND (held_from IS NULL OR held_from < $3::timestamptz)
         AND (held_to IS NULL OR held_to > $2::timestamptz)
         AND (user_id IS NULL OR $4::integer[] IS NULL OR user_id = ANY ($4::integer[]))
       ORDER BY id`,
      [tables, from, to, actors ?? null],
    );
  }

  /**
   * From when on entries about these tables, all of them before `end`, may be destroyed, and by which policy: that of the longest
   * term, AUDIT_RETENTION_YEARS being one of them. No entry goes before its own years are over. For what is archived from now on;
   * what was promised earlier is for the archive to keep.
   */
  async retainUntil(
    tables: readonly (string | null)[],
    end: Date,
  ): Promise<{ until: Date; years: number; decidedBy: { tableName: string; framework: string } }> {
    const policies = await this.database.query<Policy>(
      undefined,
      'SELECT table_name AS "tableName", framework, years FROM retention_policies',
    );
    const longest = longestOf(policies, tables);
    const { tableName, framework, years } =
      longest && longest.years >= this.config.AUDIT_RETENTION_YEARS
        ? longest
        : { tableName: everyTable, framework: 'AUDIT_RETENTION_YEARS', years: this.config.AUDIT_RETENTION_YEARS };
    return { until: yearsLater(end, years), years, decidedBy: { tableName, framework } };
  }
}
