import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context } from '#platform/http';
import type { Report } from './report';
import {
  benevolenceYearToDate,
  employmentByEmployer,
  grievanceAgeing,
  outOfWork,
  ReportQuery,
  roster,
} from './reports';
import { ReportsService } from './reports.service';

/** A report as JSON; as CSV it is a file with the same columns. */
function replyOf(report: Report) {
  return z
    .object({ on: z.iso.date().describe('The day that the report is about.'), items: z.array(report.row) })
    .meta({ id: String(report.row.meta()?.id).replace(/Row$/, 'Report') });
}

@ApiTags('reports')
@Controller('reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get('roster')
  @Allow('reports:roster', { summary: 'The members of the local', reply: replyOf(roster) })
  roster(@Context() context: RequestContext, @Query({ schema: ReportQuery }) query: ReportQuery) {
    return this.reports.run(context, roster, query);
  }

  @Get('employment-by-employer')
  @Allow('reports:employment-by-employer', { summary: 'Who works where', reply: replyOf(employmentByEmployer) })
  employmentByEmployer(@Context() context: RequestContext, @Query({ schema: ReportQuery }) query: ReportQuery) {
    return this.reports.run(context, employmentByEmployer, query);
  }

  @Get('out-of-work')
  @Allow('reports:out-of-work', { summary: 'Active members without a job', reply: replyOf(outOfWork) })
  outOfWork(@Context() context: RequestContext, @Query({ schema: ReportQuery }) query: ReportQuery) {
    return this.reports.run(context, outOfWork, query);
  }

  @Get('grievance-ageing')
  @Allow('reports:grievance-ageing', {
    summary: 'Grievances that are open, and for how long',
    reply: replyOf(grievanceAgeing),
  })
  grievanceAgeing(@Context() context: RequestContext, @Query({ schema: ReportQuery }) query: ReportQuery) {
    return this.reports.run(context, grievanceAgeing, query);
  }

  @Get('benevolence-year-to-date')
  @Allow('reports:benevolence-year-to-date', {
    summary: 'Benevolence of the year so far',
    reply: replyOf(benevolenceYearToDate),
  })
  benevolenceYearToDate(@Context() context: RequestContext, @Query({ schema: ReportQuery }) query: ReportQuery) {
    return this.reports.run(context, benevolenceYearToDate, query);
  }
}
