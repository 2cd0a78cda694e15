import { text, type Resource } from '#records';
import { RetentionPolicyView } from './retention-policy.dto';
import { RetentionPolicy } from './retention-policy.entity';

export const retentionPolicies: Resource = {
  entity: RetentionPolicy,
  noun: 'retention policy',
  view: RetentionPolicyView,
  writePermission: 'retention:administer',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    tableName: { sql: 't.table_name COLLATE "C"', type: text },
    framework: { sql: 't.framework COLLATE "C"', type: text },
    years: { sql: 't.years', type: 'smallint' },
  },
  filters: {
    tableName: (name: string, bind) => `t.table_name = ${bind(name)}`,
    framework: (framework: string, bind) => `t.framework = ${bind(framework)}`,
  },
};
