import { Injectable, StreamableFile } from '@nestjs/common';
import { scopeOf } from '#access';
import { Calendar, DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';
import { byteOrderMark, csvLines } from '#platform/http';
import type { Report } from './report';
import type { ReportQuery } from './reports';

type Row = Record<string, unknown>;

/** Reports over the records, of which the entries name every one. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly database: Database,
    private readonly calendar: Calendar,
  ) {}

  async run(context: RequestContext, report: Report, { format, on }: ReportQuery) {
    const { actor } = context;
    if (!actor || report.reads.some((permission) => scopeOf(actor, permission) !== 'all')) {
      throw new DomainError('access.denied', 'Your roles do not permit to read the records of this report.');
    }
    context.takeTime();
    const day = on ?? this.calendar.today();
    const rows = await this.database.read<Row>(context, report.sql, [day], { timeoutMs: longStatementMs });
    this.disclose(context, report, rows, { report: report.name, on: day, format });
    const columns = Object.keys(report.row.shape);
    if (format === 'csv') {
      const text = byteOrderMark + csvLines([columns, ...rows], columns);
      return new StreamableFile(Buffer.from(text), {
        type: 'text/csv; charset=utf-8',
        disposition: `attachment; filename="${report.name}-${day}.csv"`,
      });
    }
    return { on: day, items: rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]]))) };
  }

  /** One entry for each table whose records the report shows. */
  private disclose(context: RequestContext, { shows }: Report, rows: Row[], filters: Row): void {
    for (const [column, tableName] of Object.entries(shows)) {
      const ids = new Set(rows.flatMap((row) => (row[column] ?? []) as number | number[]));
      context.disclose({
        tableName,
        ids: [...ids],
        list: true,
        filters,
        ...(filters.format === 'csv' ? { action: 'EXPORT' as const } : {}),
      });
    }
  }
}
