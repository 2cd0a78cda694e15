import type { Action } from './entry';
import type { AuditLogItem } from './trail.dto';

/** The version of the Open Cybersecurity Schema Framework whose classes and ids are used (schema.ocsf.io/1.3.0). */
const version = '1.3.0';

const account = { class_uid: 3001, category_uid: 3 };
const authentication = { class_uid: 3002, category_uid: 3 };
const api = { class_uid: 6003, category_uid: 6 };

const other = 99;

interface Kind {
  class_uid: number;
  category_uid: number;
  activity_id: number;
}

/** What each action is: Authentication for log-ins and log-outs, API Activity for the rest. */
const kinds: Record<Action, Kind> = {
  READ: { ...api, activity_id: 2 },
  BULK_READ: { ...api, activity_id: 2 },
  EXPORT: { ...api, activity_id: 2 },
  BREAK_GLASS: { ...api, activity_id: 2 },
  CREATE: { ...api, activity_id: 1 },
  UPDATE: { ...api, activity_id: 3 },
  RESTORE: { ...api, activity_id: 3 },
  DELETE: { ...api, activity_id: 4 },
  ERASE: { ...api, activity_id: 4 },
  PURGE: { ...api, activity_id: 4 },
  ARCHIVE: { ...api, activity_id: other },
  DDL: { ...api, activity_id: other },
  ACCESS_DENIED: { ...api, activity_id: other },
  RATE_LIMITED: { ...api, activity_id: other },
  LOGIN: { ...authentication, activity_id: 1 },
  LOGIN_FAILED: { ...authentication, activity_id: 1 },
  LOGOUT: { ...authentication, activity_id: 2 },
};

/** Changes of accounts have a class of their own, which a security office watches. */
const accountChanges: Partial<Record<Action, number>> = { CREATE: 1, UPDATE: other, RESTORE: 2, DELETE: 6 };
const passwordChange = 3;

/** Informational, low, medium: how urgent an entry is by itself. */
const severities = { usual: 1, refused: 2, emergency: 3 };

const product = { name: 'IP2A', vendor_name: 'IP2A' };
const service = { name: product.name };

/** An entry as an OCSF event. What the schema has no place for is in `unmapped`; what is not known is absent. */
export function ocsfOf(entry: AuditLogItem): object {
  const { action, outcome, requestId, tableName, recordId, route } = entry;
  const kind = kindOf(entry);
  const isSuccess = outcome === 'success';
  return {
    ...kind,
    type_uid: kind.class_uid * 100 + kind.activity_id,
    activity_name: kind.activity_id === other ? action : undefined,
    time: Date.parse(entry.changedAt),
    severity_id: severityOf(entry),
    status_id: isSuccess ? 1 : 2,
    status: isSuccess ? 'Success' : 'Failure',
    status_detail: entry.notes ?? undefined,
    metadata: {
      version,
      product,
      uid: String(entry.id),
      event_code: action,
      original_time: entry.changedAt,
      correlation_uid: requestId ?? undefined,
      log_name: 'audit_logs',
    },
    actor: actorOf(entry),
    src_endpoint: { ip: entry.ipAddress ?? undefined, name: entry.ipAddress ? undefined : entry.source },
    http_request:
      entry.source === 'api' ? { uid: requestId ?? undefined, user_agent: entry.userAgent ?? undefined } : undefined,
    ...(kind.class_uid === api.class_uid
      ? {
          api: {
            operation: route ?? action,
            service,
            request: requestId === null ? undefined : { uid: requestId },
          },
          resources: resourcesOf(entry),
        }
      : { user: subjectOf(entry), service }),
    unmapped: {
      action,
      source: entry.source,
      outcome,
      table_name: tableName,
      record_id: recordId,
      record_version: entry.recordVersion,
      database_role: entry.databaseRole,
      reason: entry.reason,
      filters: entry.filters,
      changed_fields: entry.changedFields,
      old_values: entry.oldValues,
      new_values: entry.newValues,
      sealed: entry.sealed,
    },
  };
}

function kindOf({ action, tableName, outcome, changedFields }: AuditLogItem): Kind {
  const activity = tableName === 'users' && outcome === 'success' ? accountChanges[action] : undefined;
  if (activity === undefined) return kinds[action];
  return { ...account, activity_id: changedFields?.includes('password_hash') ? passwordChange : activity };
}

function severityOf({ action, outcome }: AuditLogItem): number {
  if (action === 'BREAK_GLASS') return severities.emergency;
  return outcome === 'success' ? severities.usual : severities.refused;
}

/** Who: the account; else the job or command, or the role of the database that was used directly. */
function actorOf({ changedBy, databaseRole, source }: AuditLogItem): object {
  if (changedBy) {
    const { id, email, roles } = changedBy;
    return { user: userOf(id, email, roles), app_name: source };
  }
  return source === 'api' ? { app_name: source } : { user: { name: databaseRole, type_id: 3 }, app_name: source };
}

function userOf(id: number | null, email: string | null, roles: string[] = []): object {
  return {
    uid: id === null ? undefined : String(id),
    name: email ?? (id === null ? 'unknown' : String(id)),
    email_addr: email?.includes('@') ? email : undefined,
    // A user, or the system that acts for the local itself.
    type_id: id === null ? 3 : 1,
    groups: roles.map((name) => ({ name })),
  };
}

/** Whose account it is about: of a log-in that failed, perhaps nothing but the address that was tried. */
function subjectOf({ recordId, changedBy, filters }: AuditLogItem): object {
  const isActor = changedBy !== null && changedBy.id === recordId;
  const tried = typeof filters?.['email'] === 'string' ? filters['email'] : null;
  return userOf(recordId ?? changedBy?.id ?? null, isActor ? changedBy.email : tried, isActor ? changedBy.roles : []);
}

function resourcesOf(entry: AuditLogItem): object[] | undefined {
  const { tableName, recordId, recordIds, recordVersion, recordVersions } = entry;
  if (tableName === null) return undefined;
  const ids = recordIds ?? (recordId === null ? [] : [recordId]);
  const versions = recordIds ? recordVersions : [recordVersion];
  return ids.map((id, index) => ({ uid: String(id), type: tableName, version: versions?.[index]?.toString() }));
}
