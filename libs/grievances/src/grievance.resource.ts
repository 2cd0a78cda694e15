import { own, text, type Resource, type SortKey } from '#records';
import { GrievanceStepRecord } from './grievance-step-record.entity';
import { GRIEVANCE_SORTS, GrievanceView, StepView } from './grievance.dto';
import { Grievance } from './grievance.entity';

const withoutNotes = (view: typeof GrievanceView) => Object.keys(view.shape).filter((field) => field !== 'notes');

export const grievances: Resource = {
  entity: Grievance,
  noun: 'grievance',
  view: GrievanceView,
  writePermission: 'grievances:write',
  scopes: { self: (actor, bind) => `t.member_id = ${bind(actor.memberId ?? 0)}` },
  visible: { self: withoutNotes(GrievanceView) },
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    grievanceNumber: { sql: 't.grievance_number COLLATE "C"', type: text },
    filedDate: { sql: 't.filed_date', type: 'date' },
    status: { sql: 't.status', type: 'text' },
  } satisfies Record<(typeof GRIEVANCE_SORTS)[number], SortKey>,
  filters: {
    memberId: (id: number, bind) => `t.member_id = ${bind(id)}`,
    employerId: (id: number, bind) => `t.employer_id = ${bind(id)}`,
    assignedRepId: (id: number, bind) => `t.assigned_rep_id = ${bind(id)}`,
    status: (status: string, bind) => `t.status = ${bind(status)}`,
    currentStep: (step: string, bind) => `t.current_step = ${bind(step)}`,
    from: (day: string, bind) => `t.filed_date >= ${bind(day)}::date`,
    to: (day: string, bind) => `t.filed_date <= ${bind(day)}::date`,
  },
};

export const ownGrievances = own(grievances);

export const steps: Resource = {
  entity: GrievanceStepRecord,
  noun: 'step',
  view: StepView,
  writePermission: 'grievances:write',
  scopes: {
    self: (actor, bind) =>
      `EXISTS (SELECT FROM grievances g WHERE g.id = t.grievance_id AND g.member_id = ${bind(actor.memberId ?? 0)})`,
  },
  visible: { self: withoutNotes(StepView) },
  sorts: { id: { sql: 't.id', type: 'integer' }, stepNumber: { sql: 't.step_number', type: 'integer' } },
  filters: { grievanceId: (id: number, bind) => `t.grievance_id = ${bind(id)}` },
};
