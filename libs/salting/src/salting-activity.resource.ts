import type { Resource } from '#records';
import { SaltingActivityView } from './salting-activity.dto';
import { SaltingActivity } from './salting-activity.entity';

export const activities: Resource = {
  entity: SaltingActivity,
  noun: 'SALTing activity',
  view: SaltingActivityView,
  writePermission: 'salting:write',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    activityDate: { sql: 't.activity_date', type: 'date' },
    memberId: { sql: 't.member_id', type: 'integer' },
    organizationId: { sql: 't.organization_id', type: 'integer' },
  },
  filters: {
    memberId: (id: number, bind) => `t.member_id = ${bind(id)}`,
    organizationId: (id: number, bind) => `t.organization_id = ${bind(id)}`,
    activityType: (type: string, bind) => `t.activity_type = ${bind(type)}`,
    outcome: (outcome: string, bind) => (outcome === 'open' ? 't.outcome IS NULL' : `t.outcome = ${bind(outcome)}`),
    from: (day: string, bind) => `t.activity_date >= ${bind(day)}::date`,
    to: (day: string, bind) => `t.activity_date <= ${bind(day)}::date`,
  },
};
