import { Injectable } from '@nestjs/common';
import { Database, longStatementMs } from '#platform/database';
import { ArchivedEntries, type ArchivedObject } from './archived-entries';
import type { RowEvidence } from './row-evidence';

/** Records that are compared with the archive at a time. */
const rowsAtATime = 5_000;

interface Unlike {
  id: number;
  auditRef: string;
}

interface Told {
  id: number;
  tableName: string | null;
  recordId: number | null;
  newValues: string | null;
}

/** Compares records whose last entry has left the database with what it says in the archive. */
@Injectable()
export class ArchivedEvidence {
  constructor(
    private readonly database: Database,
    private readonly archive: ArchivedEntries,
  ) {}

  /** The first records, up to a limit, that their archived entry does not tell. One that lies in a cold or destroyed object tells nothing. */
  async rows(evidence: RowEvidence, limit: number): Promise<Unlike[]> {
    const { table } = evidence;
    const objects = await this.archive.objects();
    const unlike: Unlike[] = [];
    let after = 0;
    for (let isMore = objects.length > 0; isMore && unlike.length < limit;) {
      const rows = await this.database.query<{ id: number; auditRef: string }>(
        undefined,
        `SELECT t.id, t.audit_ref::text AS "auditRef" FROM ${table} t
         WHERE t.id > $1 AND NOT EXISTS (SELECT FROM audit_logs e WHERE e.id = t.audit_ref) ORDER BY t.id LIMIT ${rowsAtATime}`,
        [after],
        longStatementMs,
      );
      unlike.push(...(await this.compare(evidence, rows, objects)));
      isMore = rows.length === rowsAtATime;
      after = rows.at(-1)?.id ?? after;
    }
    return unlike.slice(0, limit);
  }

  private async compare(
    { table, differs }: RowEvidence,
    rows: readonly Unlike[],
    objects: readonly ArchivedObject[],
  ): Promise<Unlike[]> {
    const holding = objects.filter((object) => rows.some(({ auditRef }) => mayHold(object, Number(auditRef))));
    const readable = holding.filter(({ state }) => state === 'readable');
    const told = readable.length > 0 ? await this.told(readable, rows) : [];
    const byEntry = new Map(told.map((entry) => [entry.id, entry]));
    const found = rows.flatMap((row) => {
      const entry = byEntry.get(Number(row.auditRef));
      return entry ? [{ row, entry }] : [];
    });
    const foreign = found.filter(({ row, entry }) => entry.tableName !== table || entry.recordId !== row.id);
    const missing = rows.filter(
      ({ auditRef }) =>
        !byEntry.has(Number(auditRef)) &&
        !holding.some((object) => object.state !== 'readable' && mayHold(object, Number(auditRef))),
    );
    const own = found.filter((pair) => !foreign.includes(pair) && pair.entry.newValues !== null);
    const differing = await this.database.query<Unlike>(
      undefined,
      `SELECT t.id, t.audit_ref::text AS "auditRef" FROM ${table} t JOIN unnest($1::integer[], $2::jsonb[]) AS e (id, new_values) USING (id)
       WHERE ${differs('e.new_values')}`,
      [own.map(({ row }) => row.id), own.map(({ entry }) => entry.newValues)],
      longStatementMs,
    );
    return [...missing, ...foreign.map(({ row }) => row), ...differing].sort((one, other) => one.id - other.id);
  }

  private told(objects: readonly ArchivedObject[], rows: readonly Unlike[]): Promise<Told[]> {
    const ids = JSON.stringify(rows.map(({ auditRef }) => Number(auditRef)));
    return this.archive.select<Told>(
      objects,
      (
        entries,
        bind,
      ) => `SELECT l.id::DOUBLE AS id, l.table_name AS "tableName", l.record_id::DOUBLE AS "recordId", l.new_values AS "newValues"
        FROM ${entries} l WHERE l.id IN (SELECT unnest(from_json(${bind(ids)}::VARCHAR, '["BIGINT"]')))`,
    );
  }
}

const mayHold = ({ lowestId, highestId }: ArchivedObject, id: number) => lowestId <= id && id <= highestId;
