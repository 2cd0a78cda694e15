import type { Check } from './check';
import { keepLatestPrimary, quarantine, removeAttachment, set } from './mend';

const orphan = (kind: string, table: string, column: string, owner: string): Check => ({
  kind,
  severity: 'critical',
  table,
  sql: `SELECT t.id, jsonb_build_object('${column}', t.${column}) AS details FROM ${table} t
    WHERE NOT EXISTS (SELECT FROM ${owner} o WHERE o.id = t.${column})`,
  repair: quarantine(kind, table),
});
const employment = (
  kind: string,
  rest: Pick<Check, 'severity' | 'repair'> & { when: string; details?: string },
): Check => ({
  kind: `employments.${kind}`,
  severity: rest.severity,
  table: 'member_employments',
  sql: `SELECT t.id, ${rest.details ?? `jsonb_build_object('memberId', t.member_id, 'startDate', t.start_date, 'endDate', t.end_date)`}
    AS details FROM member_employments t WHERE ${rest.when}`,
  repair: rest.repair,
});
const required = (kind: string, table: string, columns: readonly string[]): Check => ({
  kind: `${kind}.required-missing`,
  severity: 'critical',
  table,
  sql: `SELECT t.id, jsonb_build_object('missing', array_remove(ARRAY[${columns
    .map((column) => `CASE WHEN btrim(coalesce(t.${column}::text, '')) = '' THEN '${column}' END`)
    .join(', ')}], NULL)) AS details FROM ${table} t
    WHERE ${columns.map((column) => `btrim(coalesce(t.${column}::text, '')) = ''`).join(' OR ')}`,
});
const outsideEnum = (kind: string, table: string, column: string, values: string): Check => ({
  kind: `${kind}.enum`,
  severity: 'critical',
  table,
  sql: `SELECT t.id, jsonb_build_object('${column}', t.${column}) AS details FROM ${table} t WHERE t.${column} <> ALL ('{${values}}')`,
});

/**
 * Every kind of issue, in the order in which repairs are made: a later one may follow from an earlier one. `today` is the
 * day `YYYY-MM-DD` after which the future begins.
 */
export const checksOn = (today: string): Check[] => [
  {
    kind: 'employments.orphan',
    severity: 'critical',
    table: 'member_employments',
    sql: `SELECT t.id, jsonb_build_object('memberId', t.member_id, 'organizationId', t.organization_id) AS details
      FROM member_employments t WHERE NOT EXISTS (SELECT FROM members m WHERE m.id = t.member_id)
        OR NOT EXISTS (SELECT FROM organizations o WHERE o.id = t.organization_id)`,
    repair: quarantine('employments.orphan', 'member_employments'),
  },
  orphan('contacts.orphan', 'organization_contacts', 'organization_id', 'organizations'),
  orphan('students.orphan', 'students', 'member_id', 'members'),
  {
    kind: 'attachments.orphan',
    severity: 'critical',
    table: 'file_attachments',
    sql: `SELECT t.id, jsonb_build_object('recordType', t.record_type, 'recordId', t.record_id) AS details FROM file_attachments t
      WHERE t.deleted_at IS NULL AND NOT CASE t.record_type
        WHEN 'student' THEN EXISTS (SELECT FROM students o WHERE o.id = t.record_id)
        WHEN 'organization' THEN EXISTS (SELECT FROM organizations o WHERE o.id = t.record_id)
        WHEN 'grievance' THEN EXISTS (SELECT FROM grievances o WHERE o.id = t.record_id)
        WHEN 'benevolence_application' THEN EXISTS (SELECT FROM benevolence_applications o WHERE o.id = t.record_id)
        ELSE EXISTS (SELECT FROM members o WHERE o.id = t.record_id) END`,
    repair: removeAttachment,
  },
  required('members', 'members', ['member_number', 'first_name', 'last_name', 'status', 'classification']),
  required('organizations', 'organizations', ['name', 'org_type']),
  required('contacts', 'organization_contacts', ['first_name', 'last_name']),
  outsideEnum('members', 'members', 'status', 'active,inactive,suspended,retired,deceased'),
  outsideEnum('organizations', 'organizations', 'org_type', 'employer,union,training_partner,jatc'),
  outsideEnum('students', 'students', 'status', 'applicant,enrolled,on_leave,completed,dropped,dismissed'),
  employment('end-before-start', {
    severity: 'critical',
    when: 't.end_date < t.start_date',
    repair: set('member_employments', { endDate: null }),
  }),
  employment('current-and-ended', {
    severity: 'warning',
    when: 't.is_current AND t.end_date IS NOT NULL',
    repair: set('member_employments', { isCurrent: false }),
  }),
  employment('ended-in-future', { severity: 'warning', when: `t.end_date > '${today}'` }),
  {
    kind: 'members.hired-in-future',
    severity: 'warning',
    table: 'members',
    sql: `SELECT t.id, jsonb_build_object('hireDate', t.hire_date) AS details FROM members t WHERE t.hire_date > '${today}'`,
  },
  {
    kind: 'employments.several-current',
    severity: 'warning',
    table: 'members',
    sql: `SELECT t.member_id AS id, jsonb_build_object('employments', jsonb_agg(t.id ORDER BY t.id)) AS details
      FROM member_employments t WHERE t.is_current AND t.end_date IS NULL GROUP BY t.member_id HAVING count(*) > 1`,
  },
  {
    kind: 'contacts.several-primary',
    severity: 'warning',
    table: 'organizations',
    sql: `SELECT t.organization_id AS id, jsonb_build_object('contacts', jsonb_agg(t.id ORDER BY t.id)) AS details
      FROM organization_contacts t WHERE t.is_primary AND t.deleted_at IS NULL GROUP BY t.organization_id HAVING count(*) > 1`,
    repair: keepLatestPrimary,
  },
  {
    kind: 'members.duplicate-number',
    severity: 'critical',
    table: 'members',
    sql: `SELECT min(t.id) AS id, jsonb_build_object('members', jsonb_agg(t.id ORDER BY t.id)) AS details FROM members t
      GROUP BY lower(btrim(t.member_number) COLLATE "C") HAVING count(*) > 1`,
  },
  {
    kind: 'users.duplicate-email',
    severity: 'critical',
    table: 'users',
    sql: `SELECT min(t.id) AS id, jsonb_build_object('users', jsonb_agg(t.id ORDER BY t.id)) AS details FROM users t
      GROUP BY lower(btrim(t.email)) HAVING count(*) > 1`,
  },
  {
    kind: 'members.no-job',
    severity: 'info',
    table: 'members',
    sql: `SELECT t.id, '{}'::jsonb AS details FROM members t WHERE t.status = 'active' AND t.deleted_at IS NULL
      AND t.classification NOT IN ('retiree', 'honorary')
      AND NOT EXISTS (SELECT FROM member_employments e WHERE e.member_id = t.id AND e.is_current)`,
  },
  employment('rate', {
    severity: 'info',
    when: 't.hourly_rate < 10 OR t.hourly_rate > 150',
    details: `jsonb_build_object('hourlyRate', t.hourly_rate::text)`,
  }),
  {
    kind: 'organizations.no-contact',
    severity: 'info',
    table: 'organizations',
    sql: `SELECT t.id, '{}'::jsonb AS details FROM organizations t WHERE t.org_type = 'employer' AND t.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM organization_contacts c WHERE c.organization_id = t.id AND c.deleted_at IS NULL)`,
  },
];
