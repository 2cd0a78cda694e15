import type { Resource } from '#records';
import { RegistrationView } from './registration.dto';
import { Registration } from './registration.entity';

/** What the office sees of registrations: all but the token. */
export const registrations: Resource = {
  entity: Registration,
  noun: 'registration',
  view: RegistrationView,
  writePermission: 'registrations:confirm',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    createdAt: { sql: 't.created_at', type: 'timestamptz' },
  },
  filters: {
    memberId: (id: number, bind) => `t.member_id = ${bind(id)}`,
    status: (status: 'waiting' | 'open' | 'used') => statusSql[status],
  },
};

const waits = 't.needs_confirmation AND t.confirmed_at IS NULL';
const statusSql = {
  waiting: `t.used_at IS NULL AND t.expires_at > now() AND ${waits}`,
  open: `t.used_at IS NULL AND t.expires_at > now() AND NOT (${waits})`,
  used: 't.used_at IS NOT NULL',
};
