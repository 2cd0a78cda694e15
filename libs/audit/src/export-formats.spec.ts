import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { everyEntry, usual } from './audit-log.factory';
import { auditEventOf } from './fhir';
import { ocsfOf } from './ocsf';
import type { AuditLogItem } from './trail.dto';

type Schema = Record<string, unknown>;

const ajv = new Ajv2020({ strict: false, allErrors: true });

const text: Schema = { type: 'string', minLength: 1 };
const object = (required: string[], properties: Schema): Schema => ({ type: 'object', required, properties });
const list = (items: Schema, minItems = 1): Schema => ({ type: 'array', minItems, items });
const anyOf = (...names: string[]): Schema => ({ anyOf: names.map((name) => ({ required: [name] })) });
const when = (path: Schema, then: Schema): Schema => ({ if: path, then });
const constant = (value: unknown): Schema => ({ const: value });

/**
 * What OCSF 1.3.0 requires (schema.ocsf.io/1.3.0/classes/api_activity, authentication, account_change; objects metadata,
 * product, actor, user, api, request, network_endpoint), and the ids that it knows.
 */
const user: Schema = {
  ...object([], { uid: text, name: text, email_addr: text, type_id: { enum: [0, 1, 2, 3, 99] } }),
  ...anyOf('uid', 'name', 'account'),
};
const endpoint: Schema = { type: 'object', ...anyOf('ip', 'uid', 'name', 'hostname', 'svc_name') };
const activities = (uid: number, category: number, ids: number[], required: string[]): Schema =>
  when(
    { properties: { class_uid: constant(uid) } },
    { required, properties: { category_uid: constant(category), activity_id: { enum: [0, ...ids, 99] } } },
  );
const ocsf = ajv.compile({
  ...object(['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'], {
    class_uid: { enum: [3001, 3002, 6003] },
    severity_id: { enum: [0, 1, 2, 3, 4, 5, 6, 99] },
    status_id: { enum: [0, 1, 2, 99] },
    time: { type: 'integer', minimum: 1_000_000_000_000 },
    type_uid: { type: 'integer' },
    metadata: object(['product', 'version'], {
      version: constant('1.3.0'),
      product: object(['vendor_name'], { vendor_name: text, name: text }),
      uid: text,
    }),
    actor: { type: 'object', ...anyOf('process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid') },
    user,
    src_endpoint: endpoint,
    api: object(['operation'], { operation: text, request: object(['uid'], { uid: text }) }),
    resources: { type: 'array', items: { ...object([], { uid: text, version: text }), ...anyOf('uid', 'name') } },
  }),
  allOf: [
    activities(6003, 6, [1, 2, 3, 4], ['actor', 'api', 'src_endpoint']),
    { ...activities(3002, 3, [1, 2, 3, 4, 5, 6], ['user']) },
    activities(3001, 3, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], ['user']),
    when({ properties: { class_uid: constant(3002) } }, anyOf('service', 'dst_endpoint')),
    when({ properties: { activity_id: constant(99) } }, { required: ['activity_name'] }),
  ],
});

/** What FHIR R4 requires of an AuditEvent (hl7.org/fhir/R4/auditevent.html), and the codes of its required value sets. */
const coding = object(['system', 'code'], { system: { type: 'string', pattern: '^https?://' }, code: text });
const concept: Schema = { type: 'object', ...anyOf('coding', 'text') };
const reference: Schema = { type: 'object', ...anyOf('reference', 'identifier', 'display') };
const network = object(['address'], { address: text, type: { enum: ['1', '2', '3', '4', '5'] } });
const auditEvent: Schema = {
  ...object(['resourceType', 'type', 'recorded', 'agent', 'source'], {
    resourceType: constant('AuditEvent'),
    id: { type: 'string', pattern: '^[A-Za-z0-9\\-.]{1,64}$' },
    type: coding,
    subtype: list(coding),
    action: { enum: ['C', 'R', 'U', 'D', 'E'] },
    recorded: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$' },
    outcome: { enum: ['0', '4', '8', '12'] },
    outcomeDesc: text,
    agent: list(
      object(['requestor'], {
        requestor: { type: 'boolean' },
        type: concept,
        role: list(concept),
        purposeOfUse: list(concept),
        who: reference,
        name: text,
        network,
      }),
    ),
    source: object(['observer'], { observer: reference, type: list(coding) }),
    entity: list({
      ...object([], {
        type: coding,
        role: coding,
        what: reference,
        query: { type: 'string', pattern: '^[A-Za-z0-9+/]+=*$' },
        detail: list(object(['type', 'valueString'], { type: text, valueString: text })),
      }),
      // Invariant sev-1: a name or a query, not both.
      not: { required: ['name', 'query'] },
    }),
  }),
  additionalProperties: true,
};

/** What the profiles of IHE BALP add (profiles.ihe.net/ITI/BALP 1.1): for each, its action, subtypes, and agents. */
const dicom = 'http://dicom.nema.org/resources/ontology/DCM';
const ofType = (system: string, code: string): Schema => ({
  contains: {
    type: 'object',
    required: ['type', 'who', 'network'],
    properties: {
      type: object(['coding'], {
        coding: { contains: object([], { system: constant(system), code: constant(code) }) },
      }),
    },
  },
  minContains: 1,
  maxContains: 1,
});
/** Exactly one entity is of the type; it has what is `required`, and nothing of what is `absent`. */
const entityOf = (code: string, properties: Schema, required: string[], absent: string[]): Schema => ({
  contains: {
    ...object(['type', ...required], {
      ...properties,
      type: object(['code'], {
        system: constant('http://terminology.hl7.org/CodeSystem/audit-entity-type'),
        code: constant(code),
      }),
    }),
    not: anyOf(...absent),
  },
  minContains: 1,
  maxContains: 1,
});
const participations = ['AUT', 'INF', 'CST'];
const roleIn = (...codes: string[]) => ({ role: object(['code'], { code: { enum: codes } }) });
const data = entityOf('2', roleIn('3', '4', '20'), ['what', 'role'], ['lifecycle', 'name', 'query', 'detail']);
const query = entityOf('2', roleIn('24'), ['query', 'role'], ['what', 'lifecycle', 'detail']);
const networkRoles = ['110150', '110152', '110153', 'custodian'];
const endpoints = {
  reading: [ofType(dicom, '110152'), ofType(dicom, '110153')],
  deleting: [
    ofType(dicom, '110150'),
    ofType('http://terminology.hl7.org/CodeSystem/provenance-participant-type', 'custodian'),
  ],
};
const basic: Record<string, { action: string; subtype: string[]; agents: Schema[]; entity: Schema; users: string[] }> =
  {
    Read: { action: 'R', subtype: ['read', 'vread'], agents: endpoints.reading, entity: data, users: ['IRCP'] },
    Query: {
      action: 'E',
      subtype: ['search', 'search-type', 'search-system'],
      agents: endpoints.reading,
      entity: query,
      users: ['IRCP'],
    },
    Create: { action: 'C', subtype: ['create'], agents: endpoints.reading, entity: data, users: participations },
    Update: {
      action: 'U',
      subtype: ['update', 'patch'],
      agents: endpoints.reading,
      entity: data,
      users: participations,
    },
    Delete: { action: 'D', subtype: ['delete'], agents: endpoints.deleting, entity: data, users: participations },
  };
const balp: Partial<Record<string, ValidateFunction>> = Object.fromEntries(
  Object.entries(basic).map(([name, { action, subtype, agents, entity, users }]) => [
    `https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.${name}`,
    ajv.compile({
      ...object(['subtype', 'action', 'outcome', 'entity'], {
        type: object(['system', 'code'], {
          system: constant('http://terminology.hl7.org/CodeSystem/audit-event-type'),
          code: constant('rest'),
        }),
        action: constant(action),
        outcome: constant('0'),
        subtype: {
          contains: object([], {
            system: constant('http://hl7.org/fhir/restful-interaction'),
            code: { enum: subtype },
          }),
        },
        agent: {
          minItems: 2,
          allOf: agents,
          // A user is no network device, and is who asked.
          items: {
            if: {
              properties: { type: object([], { coding: { contains: object([], { code: { enum: networkRoles } }) } }) },
            },
            else: {
              not: { required: ['network'] },
              required: ['who'],
              properties: {
                requestor: constant(true),
                type: object([], { coding: { contains: object([], { code: { enum: users } }) } }),
              },
            },
          },
        },
        entity: { allOf: [entity] },
      }),
    }),
  ]),
);
const fhir = ajv.compile(auditEvent);

const asSent = (value: object) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
const fhirOf = (entry: AuditLogItem) => asSent(auditEventOf(entry, 'https://portal.local.example'));

describe('an entry as an OCSF event', () => {
  it('has what OCSF requires, whatever it is about', () => {
    for (const entry of everyEntry()) {
      const event = asSent(ocsfOf(entry));
      const faults = ocsf(event) ? '' : ajv.errorsText(ocsf.errors);
      expect([entry.action, entry.outcome, faults, event]).toEqual([entry.action, entry.outcome, '', event]);
      expect(event['type_uid']).toBe(Number(event['class_uid']) * 100 + Number(event['activity_id']));
      expect(event['status_id']).toBe(entry.outcome === 'success' ? 1 : 2);
    }
  });

  it('says who, what, when, where and why', () => {
    expect(asSent(ocsfOf({ ...usual, action: 'BREAK_GLASS' }))).toMatchObject({
      class_uid: 6003,
      type_uid: 600302,
      severity_id: 3,
      time: Date.parse('2026-02-03T04:05:06.123Z'),
      actor: { user: { uid: '5', email_addr: 'clerk@local.example', groups: [{ name: 'staff' }] } },
      src_endpoint: { ip: '192.0.2.17' },
      http_request: { uid: '019abf4e', user_agent: 'curl/8' },
      api: { operation: 'members:read' },
      resources: [{ uid: '17', type: 'members' }],
      unmapped: { action: 'BREAK_GLASS', reason: 'Call about dues' },
    });
  });

  it('names the version of each record', () => {
    const list = { recordId: null, recordIds: [17, 18], recordVersions: [4600, 4601] };
    const said: Partial<AuditLogItem>[] = [{ recordVersion: 4600 }, list, {}];
    expect(said.map((facts) => asSent(ocsfOf({ ...usual, ...facts }))['resources'])).toEqual([
      [{ uid: '17', type: 'members', version: '4600' }],
      [
        { uid: '17', type: 'members', version: '4600' },
        { uid: '18', type: 'members', version: '4601' },
      ],
      [{ uid: '17', type: 'members' }],
    ]);
  });

  it.each<[string, Partial<AuditLogItem>, number]>([
    ['a log-in', { action: 'LOGIN', tableName: 'users', recordId: 5 }, 300201],
    ['a log-in that failed', { action: 'LOGIN_FAILED', tableName: 'users', outcome: 'failed' }, 300201],
    ['a log-out', { action: 'LOGOUT', tableName: 'users' }, 300202],
    ['a new account', { action: 'CREATE', tableName: 'users' }, 300101],
    ['a new password', { action: 'UPDATE', tableName: 'users', changedFields: ['password_hash'] }, 300103],
    ['an account removed', { action: 'DELETE', tableName: 'users' }, 300106],
    ['a member created', { action: 'CREATE' }, 600301],
    ['a member changed', { action: 'UPDATE' }, 600303],
    ['a member removed', { action: 'DELETE' }, 600304],
    ['a list', { action: 'BULK_READ', recordId: null, recordIds: [1] }, 600302],
    ['a refusal', { action: 'ACCESS_DENIED', tableName: 'users', outcome: 'denied' }, 600399],
  ])('is of the right type: %s', (_, facts, type) => {
    expect(asSent(ocsfOf({ ...usual, ...facts }))['type_uid']).toBe(type);
  });
});

describe('an entry as a FHIR AuditEvent', () => {
  it('has what FHIR requires, and what the profile that it claims requires', () => {
    const claimed = new Set<string>();
    for (const entry of everyEntry()) {
      const event = fhirOf(entry);
      const [profile] = (event['meta'] as { profile: string[] } | undefined)?.profile ?? [];
      if (profile) claimed.add(profile);
      for (const validate of [fhir, ...(profile ? [balp[profile] ?? fhir] : [])]) {
        const faults = validate(event) ? '' : ajv.errorsText(validate.errors);
        expect([entry.action, entry.outcome, faults, event]).toEqual([entry.action, entry.outcome, '', event]);
      }
      expect(event['outcome']).toBe({ success: '0', denied: '4', failed: '8' }[entry.outcome]);
    }
    expect([...claimed].sort()).toEqual(Object.keys(balp).sort());
  });

  it('claims a profile where it is a success over the network, and only there', () => {
    const profileOf = (facts: Partial<AuditLogItem>) => fhirOf({ ...usual, ...facts })['meta'];
    expect(profileOf({})).toBeDefined();
    expect(profileOf({ outcome: 'failed' })).toBeUndefined();
    expect(profileOf({ ipAddress: null })).toBeUndefined();
    expect(profileOf({ recordId: null })).toBeUndefined();
    expect(profileOf({ action: 'EXPORT' })).toBeUndefined();
  });

  it('names the member as the person it is about, and break-glass as an emergency', () => {
    const event = fhirOf({ ...usual, action: 'BREAK_GLASS' });
    const identifier = { system: 'https://portal.local.example/members', value: '17' };
    expect(event).toMatchObject({
      action: 'R',
      subtype: [{ code: 'read' }, { system: dicom, code: '110127' }],
      agent: [
        { network: { address: '192.0.2.17', type: '2' }, requestor: false },
        { requestor: false },
        {
          who: { identifier: { system: 'https://portal.local.example/users', value: '5' } },
          name: 'clerk@local.example',
          role: [{ text: 'staff' }],
          requestor: true,
          purposeOfUse: [{ coding: [{ code: 'BTG' }], text: 'Call about dues' }],
        },
      ],
      entity: [
        { what: { identifier: { value: '019abf4e' } } },
        { type: { code: '2' }, role: { code: '4' }, what: { identifier } },
        { type: { code: '1' }, role: { code: '1' }, what: { identifier } },
        { type: { code: '4' } },
      ],
    });
    const anOrganization = fhirOf({ ...usual, tableName: 'organizations' })['entity'] as { type: { code: string } }[];
    expect(anOrganization.some(({ type }) => type.code === '1')).toBe(false);
  });

  it('says of a list what was asked for, and which records were shown', () => {
    const [, query, other] = fhirOf({
      ...usual,
      action: 'BULK_READ',
      recordId: null,
      recordIds: [17, 18],
      recordVersions: [4600, 4601],
      filters: { q: 'delg' },
    })['entity'] as { query: string; detail: object[] }[];
    expect(JSON.parse(Buffer.from(query?.query ?? '', 'base64').toString())).toEqual({
      tableName: 'members',
      q: 'delg',
    });
    expect(other?.detail).toContainEqual({ type: 'recordIds', valueString: '[17,18]' });
    expect(other?.detail).toContainEqual({ type: 'recordVersions', valueString: '[4600,4601]' });
  });

  it('names the version of a record', () => {
    const entities = fhirOf({ ...usual, recordVersion: 4600 })['entity'] as { detail?: object[] }[];
    expect(entities.at(-1)?.detail).toContainEqual({ type: 'recordVersion', valueString: '4600' });
  });
});

describe('the schemas of this spec', () => {
  const refused: [what: string, validate: ValidateFunction, event: object][] = [
    ['an OCSF event without its time', ocsf, { ...ocsfOf(usual), time: undefined }],
    ['an OCSF event of an unknown activity', ocsf, { ...ocsfOf(usual), activity_id: 7 }],
    ['an OCSF event from nowhere', ocsf, { ...ocsfOf(usual), src_endpoint: {} }],
    ['a FHIR event without its agents', fhir, { ...fhirOf(usual), agent: [] }],
    ['a FHIR event of an unknown outcome', fhir, { ...fhirOf(usual), outcome: '1' }],
  ];
  it.each(refused)('refuse %s', (_, validate, event) => {
    expect(validate(asSent(event))).toBe(false);
  });

  it.each(Object.keys(balp))('refuse what does not follow %s', (profile) => {
    const action = { Read: 'READ', Query: 'BULK_READ' }[profile.split('.').at(-1) ?? ''] ?? profile.split('.').at(-1);
    const event = fhirOf({ ...usual, action: String(action).toUpperCase() as AuditLogItem['action'] });
    const agents = event['agent'] as object[];
    const validate = balp[profile] as ValidateFunction;
    expect(validate(event)).toBe(true);
    const spoilt = [
      { ...event, outcome: '4' },
      { ...event, action: 'X' },
      { ...event, subtype: [] },
      { ...event, agent: agents.slice(1) },
      { ...event, agent: [...agents.slice(0, 2), { ...agents[2], requestor: false }] },
      { ...event, entity: [] },
    ];
    expect(spoilt.map((one) => validate(one))).toEqual(spoilt.map(() => false));
  });
});
