import { z } from 'zod';
import { fields } from '#platform/http';
import type { Report } from './report';

const memberNumber = z.string().meta({ examples: ['7464416'] });
const firstName = z.string().meta({ examples: ['Rosa'] });
const lastName = z.string().meta({ examples: ['Delgado'] });
const classification = z.string().describe('The rank in the trade.');
const money = z.string().nullable();
const day = z.iso.date();

export const roster: Report = {
  name: 'roster',
  reads: ['members:read', 'employments:read', 'organizations:read'],
  row: z
    .object({
      memberNumber,
      lastName,
      firstName,
      classification,
      status: z.string().describe('How the member stands with the local.'),
      hireDate: day.nullable().describe('The day of joining the union.'),
      phone: z.string().nullable().describe('Where to call.'),
      email: z.string().nullable().describe('Where to write.'),
      employer: z.string().nullable().describe('For whom they work now; of several, the latest.'),
    })
    .meta({ id: 'RosterRow' }),
  shows: { memberId: 'members', employmentId: 'member_employments', organizationId: 'organizations' },
  sql: `SELECT m.member_number AS "memberNumber", m.last_name AS "lastName", m.first_name AS "firstName", m.classification,
      m.status, m.hire_date::text AS "hireDate", m.phone, m.email, o.name AS employer,
      m.id AS "memberId", e.id AS "employmentId", o.id AS "organizationId"
    FROM members m
    LEFT JOIN LATERAL (SELECT id, organization_id FROM member_employments
      WHERE member_id = m.id AND start_date <= $1::date AND (is_current OR end_date >= $1::date)
      ORDER BY start_date DESC, id DESC LIMIT 1) e ON true
    LEFT JOIN organizations o ON o.id = e.organization_id
    WHERE m.deleted_at IS NULL AND m.status <> 'deceased'
    ORDER BY fold_text(m.last_name || ' ' || m.first_name) COLLATE "C", m.id`,
};

export const employmentByEmployer: Report = {
  name: 'employment-by-employer',
  reads: ['members:read', 'employments:read', 'organizations:read'],
  row: z
    .object({
      employer: z.string().describe('The name of the organization.'),
      members: z.int().describe('How many members work there on that day.'),
      apprentices: z.int().describe('Of those, apprentices.'),
      averageHourlyRate: money.describe('Dollars an hour, over those whose rate is known.'),
    })
    .meta({ id: 'EmploymentByEmployerRow' }),
  shows: { organizationId: 'organizations', employmentIds: 'member_employments', memberIds: 'members' },
  sql: `SELECT o.name AS employer, count(DISTINCT e.member_id)::integer AS members,
      count(DISTINCT e.member_id) FILTER (WHERE m.classification LIKE 'apprentice%')::integer AS apprentices,
      round(avg(e.hourly_rate), 2)::text AS "averageHourlyRate",
      o.id AS "organizationId", array_agg(e.id) AS "employmentIds", array_agg(DISTINCT m.id) AS "memberIds"
    FROM member_employments e JOIN organizations o ON o.id = e.organization_id JOIN members m ON m.id = e.member_id
    WHERE e.start_date <= $1::date AND (e.is_current OR e.end_date >= $1::date)
      AND o.deleted_at IS NULL AND m.deleted_at IS NULL
    GROUP BY o.id ORDER BY members DESC, o.name, o.id`,
};

export const outOfWork: Report = {
  name: 'out-of-work',
  reads: ['members:read', 'employments:read'],
  row: z
    .object({
      memberNumber,
      lastName,
      firstName,
      classification,
      phone: z.string().nullable().describe('Where to call.'),
      lastWorkedOn: day.nullable().describe('The end of the last employment; null for one who had none.'),
      daysOut: z.int().nullable().describe('Since then.'),
    })
    .meta({ id: 'OutOfWorkRow' }),
  shows: { memberId: 'members', employmentId: 'member_employments' },
  sql: `SELECT m.member_number AS "memberNumber", m.last_name AS "lastName", m.first_name AS "firstName", m.classification,
      m.phone, last.end_date::text AS "lastWorkedOn", $1::date - last.end_date AS "daysOut",
      m.id AS "memberId", last.id AS "employmentId"
    FROM members m
    LEFT JOIN LATERAL (SELECT id, end_date FROM member_employments
      WHERE member_id = m.id AND end_date < $1::date ORDER BY end_date DESC, id DESC LIMIT 1) last ON true
    WHERE m.deleted_at IS NULL AND m.status = 'active' AND m.classification NOT IN ('retiree', 'honorary')
      AND NOT EXISTS (SELECT FROM member_employments e
        WHERE e.member_id = m.id AND e.start_date <= $1::date AND (e.is_current OR e.end_date >= $1::date))
    ORDER BY last.end_date NULLS FIRST, m.id`,
};

export const grievanceAgeing: Report = {
  name: 'grievance-ageing',
  reads: ['grievances:read', 'members:read', 'organizations:read'],
  row: z
    .object({
      grievanceNumber: z.string().meta({ examples: ['GR-2026-0042'] }),
      member: z.string().describe('Whose it is, last name first.'),
      employer: z.string().describe('Against whom.'),
      status: z.string().describe('How it stands.'),
      currentStep: z.string().describe('Where it is.'),
      filedDate: day.meta({ examples: ['2026-05-04'] }),
      daysOpen: z.int().describe('Since it was filed.'),
      daysSinceStep: z.int().describe('Since the last meeting, or since it was filed.'),
    })
    .meta({ id: 'GrievanceAgeingRow' }),
  shows: {
    grievanceId: 'grievances',
    memberId: 'members',
    organizationId: 'organizations',
    stepIds: 'grievance_step_records',
  },
  sql: `SELECT g.grievance_number AS "grievanceNumber", m.last_name || ', ' || m.first_name AS member, o.name AS employer,
      g.status, g.current_step AS "currentStep", g.filed_date::text AS "filedDate", $1::date - g.filed_date AS "daysOpen",
      $1::date - coalesce(s.met, g.filed_date) AS "daysSinceStep",
      g.id AS "grievanceId", m.id AS "memberId", o.id AS "organizationId", s.ids AS "stepIds"
    FROM grievances g JOIN members m ON m.id = g.member_id JOIN organizations o ON o.id = g.employer_id
    CROSS JOIN LATERAL (SELECT max(meeting_date) AS met, coalesce(array_agg(id), '{}') AS ids FROM grievance_step_records
      WHERE grievance_id = g.id AND deleted_at IS NULL AND meeting_date <= $1::date) s
    WHERE g.deleted_at IS NULL AND g.status NOT IN ('settled', 'withdrawn', 'closed') AND g.filed_date <= $1::date
    ORDER BY g.filed_date, g.id`,
};

export const benevolenceYearToDate: Report = {
  name: 'benevolence-year-to-date',
  reads: ['benevolence:read'],
  row: z
    .object({
      reason: z.string().describe('Why help was asked for.'),
      applications: z.int().describe('Those of the year so far, drafts left out.'),
      requested: money.describe('Dollars asked for.'),
      approved: money.describe('Dollars approved, paid ones included.'),
      paid: money.describe('Dollars paid.'),
      denied: z.int().describe('Applications denied.'),
    })
    .meta({ id: 'BenevolenceYearToDateRow' }),
  shows: { applicationIds: 'benevolence_applications' },
  sql: `SELECT reason, count(*)::integer AS applications, sum(amount_requested)::text AS requested,
      coalesce(sum(approved_amount) FILTER (WHERE status IN ('approved', 'paid')), 0.00)::text AS approved,
      coalesce(sum(approved_amount) FILTER (WHERE status = 'paid'), 0.00)::text AS paid,
      count(*) FILTER (WHERE status = 'denied')::integer AS denied, array_agg(id) AS "applicationIds"
    FROM benevolence_applications
    WHERE deleted_at IS NULL AND status <> 'draft'
      AND application_date BETWEEN date_trunc('year', $1::date)::date AND $1::date
    GROUP BY reason ORDER BY reason`,
};

export const ReportQuery = z.strictObject({
  format: z.enum(['json', 'csv']).default('json').describe('`csv` opens in a spreadsheet, and is an export.'),
  on: fields.day.optional().describe('The day that the report is about; today, where it is not sent.'),
});
export type ReportQuery = z.infer<typeof ReportQuery>;
