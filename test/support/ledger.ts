import { createHash } from 'node:crypto';
import type { TestDatabase } from './database';

/** An entry as it stands in the ledger, read behind the API's back. */
export interface Entry {
  id: number;
  changedAt: string;
  action: string;
  tableName: string | null;
  recordId: number | null;
  recordVersion: number | null;
  recordIds: number[] | null;
  recordVersions: number[] | null;
  filters: Record<string, unknown> | null;
  oldValues: Record<string, unknown> | null;
  newValues: Record<string, unknown> | null;
  changedFields: string[] | null;
  changedBy: number | null;
  actorEmail: string | null;
  actorRoles: string[] | null;
  source: string;
  databaseRole: string;
  ipAddress: string | null;
  userAgent: string | null;
  requestId: string | null;
  route: string | null;
  reason: string | null;
  outcome: string;
  notes: string | null;
}

const columns = `id::float8 AS id, to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "changedAt", action,
  table_name AS "tableName", record_id::float8 AS "recordId", record_version::float8 AS "recordVersion",
  record_ids::float8[] AS "recordIds", record_versions::float8[] AS "recordVersions", filters,
  old_values AS "oldValues", new_values AS "newValues", changed_fields AS "changedFields", changed_by AS "changedBy",
  actor_email AS "actorEmail", actor_roles AS "actorRoles", source, database_role::text AS "databaseRole",
  host(ip_address) AS "ipAddress", user_agent AS "userAgent", request_id AS "requestId", route, reason, outcome, notes`;

/** What entries are looked for by; `since` is the id of the last entry that does not count. */
export interface EntryFilter {
  requestId?: string;
  tableName?: string;
  recordId?: number;
  action?: string;
  changedBy?: number;
  since?: number;
}

/** Entries in the order of their numbers. */
export function readEntries(database: TestDatabase, filter: EntryFilter = {}): Promise<Entry[]> {
  const { requestId = null, tableName = null, recordId = null, action = null, changedBy = null, since = 0 } = filter;
  return database.query<Entry & Record<string, unknown>>(
    `SELECT ${columns} FROM audit_logs
     WHERE ($1::text IS NULL OR request_id = $1) AND ($2::text IS NULL OR table_name = $2)
       AND ($3::bigint IS NULL OR record_id = $3) AND ($4::text IS NULL OR action = $4)
       AND ($5::integer IS NULL OR changed_by = $5) AND id > $6
     ORDER BY audit_logs.id`,
    [requestId, tableName, recordId, action, changedBy, since],
  );
}

/** The text that stands for a secret in an entry. */
export function redactedAs(secret: string): string {
  return `[redacted] sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 32)}`;
}

/** The same, of whichever secret. */
export const isRedacted = (): string => expect.stringMatching(/^\[redacted\] sha256:[0-9a-f]{32}$/) as string;
