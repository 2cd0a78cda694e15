import type { Resource } from '#records';
import { ArchiveView } from './archive.dto';
import { Archive } from './archive.entity';

export const archives: Resource = {
  entity: Archive,
  noun: 'archive',
  view: ArchiveView,
  writePermission: 'archives:administer',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    month: { sql: 't.month', type: 'date' },
  },
  filters: {
    state: (state: string, bind) => `t.state = ${bind(state)}`,
    month: (month: string, bind) => `t.month = ${bind(`${month}-01`)}::date`,
  },
};
