import type { entryColumns } from './canonical-entry';

/** How somebody might change each column; none leaves it as it was. */
export const forgeries: Record<(typeof entryColumns)[number], string> = {
  id: 'id + 1000000',
  changed_at: "changed_at + interval '1 microsecond'",
  action: "'EXPORT'",
  table_name: "coalesce(table_name, '') || 's'",
  record_id: 'coalesce(record_id, 0) + 1',
  record_ids: "coalesce(record_ids, '{}') || 7::bigint",
  filters: `'{"q": "x"}'`,
  old_values: `coalesce(old_values, '{}') || '{"phone": null}'`,
  new_values: `coalesce(new_values, '{}') || '{"hourly_rate": 41.500}'`,
  changed_fields: "coalesce(changed_fields, '{}') || 'phone'::text",
  changed_by: 'coalesce(changed_by, 0) + 1',
  actor_email: "'somebody.else@local.example'",
  actor_roles: "coalesce(actor_roles, '{}') || 'admin'::text",
  source: "'job'",
  database_role: "'somebody'",
  ip_address: "'192.0.2.99'",
  user_agent: "coalesce(user_agent, '')  || ' '",
  request_id: "'another'",
  route: "'members:list'",
  reason: "coalesce(reason || E'\\\\n', '')",
  outcome: "'failed'",
  notes: "coalesce(notes, '') || E'\\t'",
  txid: '(txid::text::bigint + 1)::text::xid8',
  record_version: 'coalesce(record_version, 0) + 1',
  record_versions: "coalesce(record_versions, '{}') || 7::bigint",
};

/** An entry of which kind is forged, and how. */
export const versionForgeries: Record<string, [kind: string, set: string]> = {
  'adds a version': [
    'record_id IS NOT NULL AND num_nonnulls(record_version, record_versions) = 0',
    'record_version = 7',
  ],
  'removes a version': ['record_version IS NOT NULL', 'record_version = NULL'],
  'adds versions to a list': [
    'record_ids IS NOT NULL AND record_versions IS NULL',
    'record_versions = array_fill(7::bigint, ARRAY[cardinality(record_ids)])',
  ],
  'removes the versions of a list': ['record_versions IS NOT NULL', 'record_versions = NULL'],
  'removes one version of a list': ['record_versions IS NOT NULL', 'record_versions = record_versions[2:]'],
  'exchanges two versions of a list': [
    'record_versions IS NOT NULL',
    'record_versions = ARRAY[record_versions[2], record_versions[1]]',
  ],
  'alters the place of one version in a list': [
    'record_versions IS NOT NULL',
    "record_versions = ('[0:1]=' || record_versions::text)::bigint[]",
  ],
  'makes one version of a list null': ['record_versions IS NOT NULL', 'record_versions[1] = NULL'],
  'takes no versions for an empty list': [
    'num_nonnulls(record_version, record_versions) = 0',
    "record_versions = '{}'",
  ],
  'takes the version of a record for that of a list': [
    'record_version IS NOT NULL',
    'record_version = NULL, record_versions = ARRAY[record_version]',
  ],
};
