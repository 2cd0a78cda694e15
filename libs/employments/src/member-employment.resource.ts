import { own, type Resource, type SortKey } from '#records';
import { EMPLOYMENT_SORTS, MemberEmploymentView } from './member-employment.dto';
import { MemberEmployment } from './member-employment.entity';

export const employments: Resource = {
  entity: MemberEmployment,
  noun: 'employment',
  view: MemberEmploymentView,
  writePermission: 'employments:write',
  scopes: { self: (actor, bind) => `t.member_id = ${bind(actor.memberId ?? 0)}` },
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    startDate: { sql: 't.start_date', type: 'date' },
    endDate: { sql: `coalesce(t.end_date, 'infinity'::date)`, type: 'date' },
    memberId: { sql: 't.member_id', type: 'integer' },
    organizationId: { sql: 't.organization_id', type: 'integer' },
  } satisfies Record<(typeof EMPLOYMENT_SORTS)[number], SortKey>,
  filters: {
    memberId: (id: number, bind) => `t.member_id = ${bind(id)}`,
    organizationId: (id: number, bind) => `t.organization_id = ${bind(id)}`,
    current: (isCurrent: boolean) => (isCurrent ? 't.is_current' : 'NOT t.is_current'),
    from: (day: string, bind) => `(t.end_date IS NULL OR t.end_date >= ${bind(day)}::date)`,
    to: (day: string, bind) => `t.start_date <= ${bind(day)}::date`,
  },
};

export const ownEmployments = own(employments);
