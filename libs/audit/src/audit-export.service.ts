import { Inject, Injectable, StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { Clock } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';
import { ExportLeases } from './export-leases';
import { auditEventOf } from './fhir';
import { ocsfOf } from './ocsf';
import { AuditLogView, type AuditExportQuery, type AuditLogItem, type ExportFormat } from './trail.dto';
import { TrailService } from './trail.service';

const files: Record<ExportFormat, { type: string; ending: string }> = {
  jsonl: { type: 'application/jsonl; charset=utf-8', ending: 'jsonl' },
  csv: { type: 'text/csv; charset=utf-8', ending: 'csv' },
  ocsf: { type: 'application/jsonl; charset=utf-8', ending: 'ocsf.jsonl' },
  fhir: { type: 'application/fhir+ndjson; charset=utf-8', ending: 'fhir.ndjson' },
};

/** An export holds every record of an entry, so nothing goes on elsewhere. */
const csvColumns = Object.keys(AuditLogView.omit({ recordsCursor: true }).shape);

/** What an export holds: entries of transactions that had ended when it began, so that the number and the bytes agree. */
export interface LedgerExport {
  count: number;
  lines: AsyncGenerator<string>;
}

/** Exports of the ledger: every entry that matches, oldest first, as a stream whose memory does not grow with it. */
@Injectable()
export class AuditExportService {
  constructor(
    private readonly database: Database,
    private readonly trail: TrailService,
    private readonly leases: ExportLeases,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async file(context: RequestContext, query: AuditExportQuery): Promise<StreamableFile> {
    const stream = await this.leases.stream(context, async () => (await this.begin(context, query)).lines);
    const now = this.clock.now().toISOString().slice(0, 19).replaceAll(':', '');
    const { type, ending } = files[query.format];
    return new StreamableFile(stream, {
      type,
      disposition: `attachment; filename="ledger-${now}Z.${ending}"`,
    });
  }

  /** Counts, notes the export, and gives its lines. The caller makes the entry durable before the first line leaves. */
  async begin(context: RequestContext, { format, ...query }: AuditExportQuery): Promise<LedgerExport> {
    context.takeTime();
    const [{ horizon } = { horizon: '0' }] = await this.database.read<{ horizon: string }>(
      context,
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon',
      [],
      { strict: true },
    );
    const count = await this.trail.count(context, query, horizon, longStatementMs);
    context.disclose({
      tableName: 'audit_logs',
      ids: [],
      list: true,
      action: 'EXPORT',
      filters: { ...query, format },
      notes: `${count} entries of transactions before ${horizon}`,
    });
    return { count, lines: this.lines(context, query, format, horizon) };
  }

  private async *lines(
    context: RequestContext,
    query: Omit<AuditExportQuery, 'format'>,
    format: AuditExportQuery['format'],
    horizon: string,
  ): AsyncGenerator<string> {
    if (format === 'csv') yield stringify([csvColumns]);
    for await (const entries of this.trail.chunks(context, query, horizon)) yield this.written(entries, format);
  }

  private written(entries: AuditLogItem[], format: ExportFormat): string {
    const base = this.config.PORTAL_URL.replace(/\/+$/, '');
    switch (format) {
      case 'csv':
        return stringify(entries, { columns: csvColumns, escape_formulas: true });
      case 'ocsf':
        return jsonLines(entries.map(ocsfOf));
      case 'fhir':
        return jsonLines(entries.map((entry) => auditEventOf(entry, base)));
      case 'jsonl':
        return jsonLines(entries);
    }
  }
}

function jsonLines(objects: object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
}
