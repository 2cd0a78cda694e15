import { text, type Resource } from '#records';
import { OrganizationContact } from './organization-contact.entity';
import { OrganizationContactView, OrganizationView } from './organization.dto';
import { Organization } from './organization.entity';

const name = 'fold_text(t.name)';
const lastFirst = `fold_text(t.last_name || ' ' || t.first_name)`;

export const organizations: Resource = {
  entity: Organization,
  noun: 'organization',
  view: OrganizationView,
  writePermission: 'organizations:write',
  cache: { seconds: 600 },
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    name: { sql: `${name} COLLATE "C"`, type: text },
    orgType: { sql: 't.org_type', type: 'text' },
    createdAt: { sql: 't.created_at', type: 'timestamptz' },
  },
  search: [name],
  contains: name,
  filters: { orgType: (orgType: string, bind) => `t.org_type = ${bind(orgType)}` },
};

export const contacts: Resource = {
  entity: OrganizationContact,
  noun: 'contact',
  view: OrganizationContactView,
  writePermission: 'organizations:write',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    lastName: { sql: `${lastFirst} COLLATE "C"`, type: text },
    organizationId: { sql: 't.organization_id', type: 'integer' },
  },
  search: [lastFirst],
  filters: {
    organizationId: (id: number, bind) => `t.organization_id = ${bind(id)}`,
    primary: (isPrimary: boolean) => (isPrimary ? 't.is_primary' : 'NOT t.is_primary'),
  },
};
