import { longStatementMs, type Database } from '#platform/database';
import type { Evidence } from './load-mix';
import type { Sent } from './load-user';

/** Request ids that are looked up at once. */
const chunk = 2_000;

export interface EvidenceReport {
  /** Requests that were answered well and must have left an entry. */
  lookedUp: number;
  /** Of those, what was shown or entered without an entry that says so. */
  unaudited: number;
  /** Changes that were acknowledged and have no entry with the value that was sent. */
  lost: number;
}

interface Trace extends Record<string, unknown> {
  id: string;
  actions: string[];
  values: string[];
}

/** Remembers what was answered, in a few bytes each, and looks afterwards whether the ledger has all of it. */
export class LoadEvidence {
  private readonly answered: { number: number; evidence: Evidence; value?: string }[] = [];

  constructor(private readonly requestIdOf: (number: number) => string) {}

  note({ number, evidence, value }: Sent): void {
    if (evidence !== 'none') this.answered.push({ number, evidence, value });
  }

  /** Looks each of them up in `audit_logs`, by the id of its request. */
  async lookUp(database: Database, onProgress?: (done: number, of: number) => void): Promise<EvidenceReport> {
    const report = { lookedUp: this.answered.length, unaudited: 0, lost: 0 };
    for (let begin = 0; begin < this.answered.length; begin += chunk) {
      const part = this.answered.slice(begin, begin + chunk);
      const traces = new Map((await this.traces(database, part)).map((trace) => [trace.id, trace]));
      for (const { number, evidence, value = '' } of part) {
        const trace = traces.get(this.requestIdOf(number));
        if (evidence === 'changed') report.lost += trace?.values.includes(value) ? 0 : 1;
        else report.unaudited += trace?.actions.some((action) => shows(evidence, action)) ? 0 : 1;
      }
      onProgress?.(begin + part.length, this.answered.length);
    }
    return report;
  }

  private traces(database: Database, part: { number: number }[]): Promise<Trace[]> {
    return database.query<Trace>(
      undefined,
      `SELECT request_id AS id, array_agg(action::text) AS actions,
         coalesce(array_agg(coalesce(new_values->>'phone', new_values->>'job_title')) FILTER (WHERE action = 'UPDATE'), '{}') AS values
       FROM audit_logs WHERE request_id = ANY ($1::text[]) GROUP BY request_id`,
      [part.map(({ number }) => this.requestIdOf(number))],
      longStatementMs,
    );
  }
}

function shows(evidence: Evidence, action: string): boolean {
  return evidence === 'entered' ? action === 'LOGIN' : action === 'READ' || action === 'BULK_READ';
}
