import type { Action } from './entry';
import type { AuditLogItem } from './trail.dto';

/*
 * FHIR R4 (4.0.1) AuditEvent, after the Basic Audit Log Patterns of IHE (profiles.ihe.net/ITI/BALP 1.1). The profiles are for
 * successes over the network; other entries are AuditEvents in the same manner, and claim none.
 */

const terminology = 'http://terminology.hl7.org/CodeSystem';
const dicom = 'http://dicom.nema.org/resources/ontology/DCM';
const interactions = 'http://hl7.org/fhir/restful-interaction';
const profiles = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';

interface Coding {
  system: string;
  code: string;
  display: string;
}

const coding = (system: string, code: string, display: string): Coding => ({ system, code, display });

const rest = coding(`${terminology}/audit-event-type`, 'rest', 'RESTful Operation');
const exporting = coding(dicom, '110106', 'Export');
const authentication = coding(dicom, '110114', 'User Authentication');
const alert = coding(dicom, '110113', 'Security Alert');
const lifecycle = (code: string, display: string) => coding(`${terminology}/iso-21089-lifecycle`, code, display);
const interaction = (code: string) => coding(interactions, code, code);

interface Pattern {
  type: Coding;
  subtype: Coding[];
  /** Create, Read, Update, Delete, Execute. */
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  profile?: 'Read' | 'Query' | 'Create' | 'Update' | 'Delete';
}

const read: Pattern = { type: rest, subtype: [interaction('read')], action: 'R', profile: 'Read' };
const update: Pattern = { type: rest, subtype: [interaction('update')], action: 'U', profile: 'Update' };
const login: Pattern = { type: authentication, subtype: [coding(dicom, '110122', 'Login')], action: 'E' };

const patterns: Record<Action, Pattern> = {
  READ: read,
  BREAK_GLASS: { ...read, subtype: [...read.subtype, coding(dicom, '110127', 'Emergency Override Started')] },
  BULK_READ: { type: rest, subtype: [interaction('search')], action: 'E', profile: 'Query' },
  EXPORT: { type: exporting, subtype: [], action: 'R' },
  CREATE: { type: rest, subtype: [interaction('create')], action: 'C', profile: 'Create' },
  UPDATE: update,
  RESTORE: update,
  DELETE: { type: rest, subtype: [interaction('delete')], action: 'D', profile: 'Delete' },
  LOGIN: login,
  LOGIN_FAILED: login,
  LOGOUT: { type: authentication, subtype: [coding(dicom, '110123', 'Logout')], action: 'E' },
  ACCESS_DENIED: { type: alert, subtype: [], action: 'E' },
  RATE_LIMITED: { type: alert, subtype: [], action: 'E' },
  DDL: { type: alert, subtype: [coding(dicom, '110129', 'Security Configuration')], action: 'E' },
  ARCHIVE: { type: lifecycle('archive', 'Archive Record Lifecycle Event'), subtype: [], action: 'E' },
  PURGE: { type: lifecycle('destroy', 'Destroy/Delete Record Lifecycle Event'), subtype: [], action: 'D' },
  ERASE: { type: lifecycle('destroy', 'Destroy/Delete Record Lifecycle Event'), subtype: [], action: 'D' },
};

/** Success, minor failure (refused), serious failure. */
const outcomes = { success: '0', denied: '4', failed: '8' };

const entityType = (code: string, display: string) => coding(`${terminology}/audit-entity-type`, code, display);
const role = (code: string, display: string) => coding(`${terminology}/object-role`, code, display);
const concept = (...codings: Coding[]) => ({ coding: codings });

/** An entry as an AuditEvent. `base` is where the local's identifiers live: the address of its portal. */
export function auditEventOf(entry: AuditLogItem, base: string): object {
  const pattern = patterns[entry.action];
  const { type, subtype, action, profile } = pattern;
  const follows = profile && entry.outcome === 'success' && entry.ipAddress !== null && hasData(entry, pattern);
  return {
    resourceType: 'AuditEvent',
    id: String(entry.id),
    meta: follows ? { profile: [profiles + profile] } : undefined,
    type,
    subtype: subtype.length > 0 ? subtype : undefined,
    action,
    recorded: entry.changedAt,
    outcome: outcomes[entry.outcome],
    outcomeDesc: entry.notes ?? undefined,
    agent: agentsOf(entry, pattern, base),
    source: {
      observer: serverOf(base),
      type: [coding(`${terminology}/security-source-type`, '4', 'Application Server')],
    },
    entity: entitiesOf(entry, pattern, base),
  };
}

function hasData({ recordId }: AuditLogItem, { profile }: Pattern): boolean {
  return profile === 'Query' || recordId !== null;
}

const serverOf = (base: string) => ({ identifier: { system: base, value: 'ip2a' }, display: 'IP2A' });

/** The client and the server by the roles that the pattern gives them, and whoever acted. */
function agentsOf(entry: AuditLogItem, { action }: Pattern, base: string): object[] {
  const { changedBy, ipAddress, userAgent, source, databaseRole } = entry;
  const [client, server] = endpointsOf(action);
  const network = ipAddress === null ? undefined : { address: ipAddress, type: '2' };
  const app = userAgent ?? (source === 'database' ? databaseRole : source);
  const who = { identifier: { system: `${base}/clients`, value: app }, display: app };
  return [
    { type: concept(client), who, requestor: changedBy === null, network },
    { type: concept(server), who: serverOf(base), requestor: false, network: { address: 'ip2a', type: '1' } },
    ...(changedBy ? [userOf(entry, changedBy, action, base)] : []),
  ];
}

function endpointsOf(action: Pattern['action']): [client: Coding, server: Coding] {
  const source = coding(dicom, '110153', 'Source Role ID');
  const destination = coding(dicom, '110152', 'Destination Role ID');
  if (action === 'R') return [destination, source];
  if (action === 'D')
    return [
      coding(dicom, '110150', 'Application'),
      coding(`${terminology}/provenance-participant-type`, 'custodian', 'Custodian'),
    ];
  return [source, destination];
}

function userOf(
  { reason, action }: AuditLogItem,
  { id, email, roles }: NonNullable<AuditLogItem['changedBy']>,
  kind: Pattern['action'],
  base: string,
): object {
  const participation = `${terminology}/v3-ParticipationType`;
  const isAuthor = kind === 'C' || kind === 'U' || kind === 'D';
  const emergency = coding(`${terminology}/v3-ActReason`, 'BTG', 'break the glass');
  const coded = action === 'BREAK_GLASS' ? concept(emergency) : {};
  const purpose = { ...coded, text: reason ?? undefined };
  return {
    type: concept(
      isAuthor ? coding(participation, 'AUT', 'author') : coding(participation, 'IRCP', 'information recipient'),
    ),
    role: roles.length > 0 ? roles.map((name) => ({ text: name })) : undefined,
    who: {
      identifier: { system: `${base}/users`, value: id === null ? (email ?? 'system') : String(id) },
      display: email ?? undefined,
    },
    name: email ?? undefined,
    requestor: true,
    purposeOfUse: reason !== null ? [purpose] : undefined,
  };
}

/** The request, the record or the query, the member as the person it is about, and what else the entry says. */
function entitiesOf(entry: AuditLogItem, { profile }: Pattern, base: string): object[] {
  const { requestId, tableName, recordId, filters } = entry;
  const entities: object[] = [];
  if (requestId !== null) {
    const system = 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType';
    entities.push({
      type: coding(system, 'XrequestId', 'X-Request-Id'),
      what: { identifier: { value: requestId } },
    });
  }
  if (profile === 'Query') {
    const query = JSON.stringify({ tableName, ...filters });
    entities.push({
      type: entityType('2', 'System Object'),
      role: role('24', 'Query'),
      query: Buffer.from(query).toString('base64'),
    });
  } else if (tableName !== null && recordId !== null) {
    const what = { identifier: { system: `${base}/${tableName}`, value: String(recordId) } };
    entities.push({ type: entityType('2', 'System Object'), role: role('4', 'Domain Resource'), what });
    if (tableName === 'members') entities.push({ type: entityType('1', 'Person'), role: role('1', 'Patient'), what });
  }
  entities.push({ type: entityType('4', 'Other'), name: 'entry', detail: detailsOf(entry) });
  return entities;
}

/**
 * Values without an element of their own, as text; JSON as JSON. Versions are among them: records are
 * no FHIR resources, so `what` is an identifier, and BALP forbids a detail beside it.
 */
function detailsOf(entry: AuditLogItem): object[] {
  const { action, source, route, databaseRole, tableName, filters } = entry;
  const { recordVersion, recordIds, recordVersions } = entry;
  const { changedFields, oldValues, newValues, sealed } = entry;
  const said = { action, source, route, databaseRole, tableName };
  const values = { recordVersion, recordIds, recordVersions, filters, changedFields, oldValues, newValues, sealed };
  return [
    ...Object.entries(said).map(([type, value]) => ({ type, valueString: value })),
    ...Object.entries(values).map(([type, value]) => ({
      type,
      valueString: value === null ? null : JSON.stringify(value),
    })),
  ].filter(({ valueString }) => valueString !== null);
}
