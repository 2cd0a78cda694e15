import { inAnyCase } from '#platform/database';
import { own, text, type Resource } from '#records';
import { CONTACT_DETAILS, MemberView, NAMES } from './member.dto';
import { Member } from './member.entity';

const lastFirst = `fold_text(t.last_name || ' ' || t.first_name)`;
const firstLast = `fold_text(t.first_name || ' ' || t.last_name)`;
const number = inAnyCase('t.member_number');

/** How members are seen, found and sorted. Each expression below has its index in the members migration. */
export const members: Resource = {
  entity: Member,
  noun: 'member',
  view: MemberView,
  writePermission: 'members:write',
  cache: { seconds: 300, within: { self: (actor, id) => actor.memberId === id } },
  scopes: {
    self: (actor, bind) => `t.id = ${bind(actor.memberId ?? 0)}`,
    // Until instructors have cohorts of their own, their students are all students.
    students: () => `EXISTS (SELECT FROM students s WHERE s.member_id = t.id AND s.deleted_at IS NULL)`,
  },
  visible: { students: NAMES },
  writable: { self: CONTACT_DETAILS },
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    memberNumber: { sql: `${number} COLLATE "C"`, type: text },
    lastName: { sql: `${lastFirst} COLLATE "C"`, type: text },
    firstName: { sql: `${firstLast} COLLATE "C"`, type: text },
    hireDate: { sql: `coalesce(t.hire_date, 'infinity'::date)`, type: 'date' },
    status: { sql: 't.status', type: 'text' },
    classification: { sql: 't.classification', type: 'text' },
    createdAt: { sql: 't.created_at', type: 'timestamptz' },
    updatedAt: { sql: 't.updated_at', type: 'timestamptz' },
  },
  search: [lastFirst, firstLast, number],
  contains: `fold_text(t.first_name || ' ' || coalesce(t.middle_name || ' ', '') || t.last_name || ' ' || t.member_number)`,
  filters: {
    status: (status: string, bind) => `t.status = ${bind(status)}`,
    classification: (classification: string, bind) => `t.classification = ${bind(classification)}`,
  },
};

export const ownMember = own(members);
