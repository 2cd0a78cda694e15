import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { systemActor } from '#access';
import { RequestContext } from '#platform/context';
import { Database } from '#platform/database';

/** Rows that go in one transaction: few, so that nobody waits for their locks. */
const batchRows = 200;
/** Batches of one table in one run; what is left is the next run's. */
const maxBatches = 500;

/**
 * Removes rows that have expired. One process at a time does so in a table, whichever comes first; others would wait for its locks,
 * or it for theirs. The triggers of an audited table write an entry for each row, as they do for everybody.
 */
@Injectable()
export class Purge {
  private readonly logger = new Logger('purge');

  constructor(private readonly database: Database) {}

  /** `expired` is the condition on the row `t` under which nobody needs it any more. */
  async run(table: string, expired: string): Promise<void> {
    const context = new RequestContext({
      source: 'job',
      requestId: randomUUID(),
      route: 'purge',
      actor: systemActor('purge'),
    });
    try {
      for (let batch = 0; batch < maxBatches; batch += 1) {
        if ((await this.batch(context, table, expired)) < batchRows) return;
      }
    } catch (error) {
      this.logger.error({ err: error as Error, table }, 'Expired rows could not be removed');
    }
  }

  private batch(context: RequestContext, table: string, expired: string): Promise<number> {
    return this.database.transaction(context, async () => {
      const [lock] = await this.database.query<{ isMine: boolean }>(
        context,
        'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "isMine"',
        [`purge ${table}`],
      );
      if (!lock?.isMine) return 0;
      const gone = await this.database.query(
        context,
        `DELETE FROM ${table} WHERE id IN (SELECT t.id FROM ${table} t WHERE ${expired}
           ORDER BY t.id LIMIT ${batchRows} FOR UPDATE OF t SKIP LOCKED) RETURNING id`,
      );
      return gone.length;
    });
  }
}
