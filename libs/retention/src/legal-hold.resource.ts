import type { Resource } from '#records';
import { LegalHoldView } from './legal-hold.dto';
import { LegalHold } from './legal-hold.entity';

export const legalHolds: Resource = {
  entity: LegalHold,
  noun: 'legal hold',
  view: LegalHoldView,
  writePermission: 'holds:administer',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    placedAt: { sql: 't.placed_at', type: 'timestamptz' },
  },
  filters: {
    status: (status: 'active' | 'released') => `t.released_at IS ${status === 'active' ? '' : 'NOT '}NULL`,
    tableName: (name: string, bind) => `t.table_name = ${bind(name)}`,
    userId: (id: number, bind) => `t.user_id = ${bind(id)}`,
  },
};
