import { text, type Resource } from '#records';
import { StudentView } from './student.dto';
import { Student } from './student.entity';

export const students: Resource = {
  entity: Student,
  noun: 'student',
  view: StudentView,
  writePermission: 'students:write',
  scopes: { self: (actor, bind) => `t.member_id = ${bind(actor.memberId ?? 0)}` },
  visible: {
    // What the office notes about a student is not addressed to the student.
    self: Object.keys(StudentView.shape).filter((field) => field !== 'notes'),
  },
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    studentNumber: { sql: 't.student_number COLLATE "C"', type: text },
    applicationDate: { sql: 't.application_date', type: 'date' },
    cohort: { sql: `coalesce(t.cohort, '')`, type: 'text' },
    status: { sql: 't.status', type: 'text' },
  },
  filters: {
    status: (status: string, bind) => `t.status = ${bind(status)}`,
    cohort: (cohort: string, bind) => `t.cohort = ${bind(cohort)}`,
    memberId: (id: number, bind) => `t.member_id = ${bind(id)}`,
  },
};
