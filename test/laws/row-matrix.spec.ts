import { parse } from 'csv-parse/sync';
import { OPERATIONS, PERMISSIONS, ROLES, type Operation, type Permission, type Role, type Scope } from '#access';
import { openApiDocument } from '#app';
import { startApi, type Client, type LocalApi, type Reply } from '../support/harness';
import { exampleOf } from '../support/examples';
import { listed, made, madeEmployer, madeMember, type Shown } from '../support/records';
import { can, declaredResources, hasColumn, isSoft, tableOf, type Declared } from '../support/resources';
import { aStep } from '../../libs/grievances/src/grievance.factory';

/** Whose record it is: the caller's own, another student's, or that of a member who is no student. */
type Whose = 'own' | 'other' | 'stranger';

/** The records of one member, by the first part of the paths under which they are found; and their numbers. */
interface Records {
  ids: Record<string, number>;
  numbers: Record<string, string>;
}

interface Route {
  operation: Operation;
  method: string;
  path: string;
  /** The name of its resource, such as `grievances`. */
  kind: string;
  isList: boolean;
}

/** Decisions that nobody makes about themselves, whatever their roles: docs/decisions/0041-own-affairs.md. */
const ownAffairs: readonly Operation[] = [
  'grievances:record-step',
  'grievances:correct-step',
  'grievances:strike-step',
  'grievances:settle',
  'grievances:withdraw',
  'grievances:close',
  'registrations:confirm',
  'benevolence-applications:pay',
];

const absent: Records = {
  ids: {},
  numbers: { members: 'NOBODY', students: 'S999999', grievances: 'GR-1999-9999' },
};
const absentId = 2_147_483_000;
/** How a record comes to be that no operation creates, by its resource. */
const begun: Record<string, (member: number) => Promise<number>> = {
  'break-glass-reviews': openedReview,
  registrations: waitingRegistration,
  archives: begunArchive,
};
/** Routes with no record of a resource in them or in their lists, or that only end the caller's own session. */
const elsewhere =
  /^(auth|system|reports|roles|attachments|integrity):|^users:list$|^audit:(list|export|summary|checkpoint|consistency|verify)$/;

let api: LocalApi;
let admin: Client;
let organization: number;
let routes: Route[];
let other: Records;
let stranger: Records;
const callers = {} as Record<Role, { client: Client; own: Records }>;

beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
  organization = await madeEmployer(admin);
  other = await recordsOf(true);
  stranger = await recordsOf(false);
  for (const role of ROLES) {
    const own = await recordsOf(true);
    const client = await api.somebody([role], own.ids.members);
    callers[role] = { client, own: { ...own, ids: { ...own.ids, users: client.account.id } } };
  }
  routes = Object.entries(openApiDocument(api.app).paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { operationId: Operation }>).map(([method, { operationId }]) => ({
      operation: operationId,
      method: method.toUpperCase(),
      path,
      kind: operationId.split(':')[0] ?? '',
      isList: method === 'get' && !path.includes('{') && !/^\/api\/v1\/me$/.test(path),
    })),
  );
});
afterAll(() => api.close());

async function recordsOf(isStudent: boolean): Promise<Records> {
  const member = await madeMember(admin);
  const shown: Record<string, Shown> = { members: await shownMember(member), organizations: { id: organization } };
  const ids: Record<string, number> = {};
  for (const declared of declaredResources) {
    const { name } = declared;
    if (name === 'students' && !isStudent) ids[name] = absentId;
    else if (can(declared, 'create')) {
      shown[name] ??= await made(admin, `/${name}`, await exampleOf(name, { member, organization }, admin));
      ids[name] = shown[name].id;
    } else if (begun[name]) ids[name] = await begun[name](member);
  }
  const [entry] = await api.entries({ tableName: 'members', recordId: member, action: 'CREATE' });
  const step = await made(admin, `/grievances/${ids.grievances}/steps`, aStep());
  const numberOf = (name: string, field: string) => (shown[name]?.[field] ?? absent.numbers[name]) as string;
  return {
    ids: { ...ids, steps: step.id, users: (await api.account([])).id, audit: entry?.id ?? 0 },
    numbers: {
      members: numberOf('members', 'memberNumber'),
      students: numberOf('students', 'studentNumber'),
      grievances: numberOf('grievances', 'grievanceNumber'),
    },
  };
}

const shownMember = async (member: number) => (await admin.get(`/members/${member}`)).json<Shown>();

/** Somebody of the office breaks the glass over a member. */
async function openedReview(member: number): Promise<number> {
  const staff = await api.as('staff');
  await staff.get(`/members/${member}`, { 'X-Break-Glass': 'true', 'X-Access-Reason': 'Accident on site' });
  const [review] = await api.query<{ id: number }>('SELECT max(id) AS id FROM break_glass_reviews');
  return review?.id ?? absentId;
}

/** Somebody wants the account of the member, whose office must confirm it. */
async function waitingRegistration(member: number): Promise<number> {
  const [registration] = await api.query<{ id: number }>(
    `INSERT INTO registrations (member_id, email, token_hash, expires_at, needs_confirmation)
     VALUES ($1, 'candidate@local.example', $2, now() + interval '1 day', true)
     RETURNING id`,
    [member, String(member).padStart(64, '0')],
  );
  return registration?.id ?? absentId;
}

/** The resource of this name, where it has the routes of recordController. */
const declaredAs = (kind: string): Declared | undefined => declaredResources.find(({ name }) => name === kind);

/** Whether records of this kind belong to no member. */
function isShared(kind: string): boolean {
  const resource = declaredAs(kind)?.resource;
  return resource !== undefined && kind !== 'members' && !hasColumn(resource, 'memberId');
}

const scopeIn = (permission: Permission, role: Role): Scope | undefined =>
  (PERMISSIONS[permission] as Partial<Record<Role, Scope>>)[role];

/** Whether a scope reaches a record of this kind. */
function reaches(scope: Scope | undefined, kind: string, whose: Whose): boolean {
  if (kind === 'students' && whose === 'stranger') return false;
  switch (scope) {
    case 'all':
      return true;
    case 'self':
      return whose === 'own' && !isShared(kind);
    case 'students':
      return kind === 'members' && whose !== 'stranger';
    case 'members':
      return true;
    default:
      return false;
  }
}

/** What the table says comes of asking: refused, answered as if there were no such record, or reached. */
function expectedOf({ operation, kind }: Route, role: Role, whose: Whose): string {
  const permission = OPERATIONS[operation] as Permission;
  const scope = scopeIn(permission, role);
  if (!scope || (whose === 'own' && ownAffairs.includes(operation))) return '403';
  // A trail, and what hangs on a member, is there for those who may see the record itself.
  const depends = operation.endsWith(':audit-trail') || operation === 'members:employments';
  const asked = depends ? scopeIn(OPERATIONS[`${kind}:read` as Operation] as Permission, role) : scope;
  return reaches(asked, kind, whose) ? 'reached' : '404';
}

const facts = { resolution: 'Done.' };
const bodies: Partial<Record<Operation, object>> = {
  'benevolence-applications:pay': { paymentDate: '2026-02-20', paymentMethod: 'check' },
  'grievances:record-step': aStep(),
  'grievances:settle': facts,
  'grievances:withdraw': facts,
  'grievances:close': facts,
  'users:set-roles': { roles: ['member'] },
};

/** Asks for one record. A version that no record has keeps removals from happening. */
function ask(client: Client, { operation, method, path, kind }: Route, { ids, numbers }: Records): Promise<Reply> {
  const filled = path
    .replace('{id}', String(ids[kind] ?? absentId))
    .replace('{stepId}', String(ids.steps ?? absentId))
    .replace('{number}', numbers[kind] ?? '');
  const headers = method === 'DELETE' ? { 'If-Match': '"1"' } : {};
  const body = method === 'GET' || method === 'DELETE' ? undefined : (bodies[operation] ?? {});
  return method === 'PATCH' ? client.patch(filled, body) : client.send(method, filled, body, headers);
}

const outcomeOf = ({ status }: Reply) => (status === 403 || status === 404 ? String(status) : 'reached');

/** A refusal without what differs between any two requests. */
function bodyOf(reply: Reply): object {
  const { instance: _instance, requestId: _requestId, ...problem } = reply.json();
  return problem;
}

it('has a record of every resource', () => {
  expect(Object.keys(other.ids)).toEqual(expect.arrayContaining(declaredResources.map(({ name }) => name)));
  expect(Object.keys(begun).filter((name) => !declaredAs(name))).toEqual([]);
});

describe.each(ROLES)('%s', (role) => {
  it('reaches the records that the table of permissions says, and learns nothing of the others', async () => {
    const { client, own } = callers[role];
    const surprises: string[] = [];
    const asked = routes.filter(({ path }) => path.includes('{'));
    for (const route of asked) {
      // Of itself an account may do what would end this test.
      const whoseever: Whose[] = route.kind === 'users' ? ['other'] : ['own', 'other', 'stranger'];
      for (const whose of whoseever) {
        const reply = await ask(client, route, { own, other, stranger }[whose]);
        const expected = expectedOf(route, role, whose);
        const cell = `${route.operation} of ${whose}`;
        if (outcomeOf(reply) !== expected) surprises.push(`${cell}: ${reply.status}, not ${expected} ${reply.text}`);
        if (reply.status >= 500) surprises.push(`${cell}: ${reply.text}`);
        if (expected !== '404') continue;
        const nothing = await ask(client, route, absent);
        if (JSON.stringify(bodyOf(nothing)) !== JSON.stringify(bodyOf(reply))) {
          surprises.push(`${cell}: answers ${reply.text}, and of what is absent ${nothing.text}`);
        }
      }
    }
    expect(asked.length).toBeGreaterThan(60);
    expect(surprises).toEqual([]);
  });

  it('finds in lists, counts and exports the records in reach, and no others', async () => {
    const { client, own } = callers[role];
    const surprises: string[] = [];
    const lists = routes.filter(({ isList, operation }) => isList && !elsewhere.test(operation));
    for (const { operation, path, kind: first } of lists) {
      const isExport = operation.endsWith(':export');
      // What is my own is of the kind that the path names.
      const kind =
        first === 'me' ? (path.split('/').at(-1) ?? '').replace(/^employments$/, 'member-employments') : first;
      if (kind === 'access-log') continue;
      const scope = scopeIn(OPERATIONS[operation] as Permission, role);
      const reply = await client.get(isExport ? path : `${path}?limit=200&count=true`);
      if (outcomeOf(reply) !== (scope ? 'reached' : '403')) surprises.push(`${operation}: ${reply.status}`);
      if (!scope) continue;
      const items = isExport
        ? (parse(reply.text, { columns: true, bom: true }) as unknown as Shown[])
        : reply.json<{ items: Shown[] }>().items;
      const found = items.map(({ id }) => Number(id as unknown)).sort((a, b) => a - b);
      const expected = (await idsOf(kind, scope, own)).sort((a, b) => a - b);
      if (String(found) !== String(expected))
        surprises.push(`${operation}: shows ${found.join()}, not ${expected.join()}`);
      const total = isExport ? found.length : reply.json()['total'];
      if (total !== expected.length) surprises.push(`${operation}: counts ${String(total)}, not ${expected.length}`);
    }
    expect(lists.length).toBeGreaterThan(18);
    expect(surprises).toEqual([]);
  });

  it('finds no other’s records by asking for them', async () => {
    const { client, own } = callers[role];
    const byMember = declaredResources.filter(({ filters }) => 'memberId' in filters);
    expect(byMember.length).toBeGreaterThan(4);
    for (const { name: kind } of byMember) {
      const scope = scopeIn(OPERATIONS[`${kind}:list` as Operation] as Permission, role);
      if (!scope) continue;
      for (const [whose, { ids }] of Object.entries({ own, other })) {
        const found = await listed(client, `/${kind}?memberId=${ids.members}`);
        expect([kind, whose, found.length > 0]).toEqual([kind, whose, reaches(scope, kind, whose as Whose)]);
      }
    }
  });
});

/** An object of the archive that is not stored yet. */
async function begunArchive(): Promise<number> {
  const [begun] = await api.query<{ id: number }>(
    `INSERT INTO archives (month, format, object_key, after_txid, after_id, through_txid, through_id)
     VALUES ('2020-01-01', 'parquet', 'entries/' || gen_random_uuid(), 0, 0, 1, 1) RETURNING id`,
  );
  return Number(begun?.id);
}

/** The ids of all live records of a kind in a scope, read behind the API's back. */
async function idsOf(kind: string, scope: Scope, own: Records): Promise<number[]> {
  const declared = declaredAs(kind);
  if (!declared) throw new Error(`No resource is called ${kind}.`);
  const { resource } = declared;
  const member = kind === 'members' ? 'id' : 'member_id';
  const reach: Partial<Record<Scope, string>> = {
    all: 'true',
    self: isShared(kind) ? 'false' : `t.${member} = ${own.ids.members}`,
    students: 't.id IN (SELECT member_id FROM students)',
  };
  const rows = await api.query<{ id: number }>(
    `SELECT t.id FROM ${tableOf(resource)} t WHERE ${reach[scope]}${isSoft(resource) ? ' AND t.deleted_at IS NULL' : ''}`,
  );
  return rows.map(({ id }) => id);
}

it('shows instructors names and numbers, members no notes, and staff nothing of SALTing', async () => {
  const fieldsOf = async (role: Role, path: string) => {
    const { items } = (await callers[role].client.get(path)).json<{ items: Shown[] }>();
    return [...new Set(items.flatMap((item) => Object.keys(item)))];
  };
  expect((await fieldsOf('instructor', '/members')).sort()).toEqual(
    ['firstName', 'id', 'lastName', 'memberNumber', 'middleName'].sort(),
  );
  for (const path of ['/members', '/students', '/benevolence-applications', '/grievances', '/me/grievances']) {
    expect([path, (await fieldsOf('member', path)).includes('notes')]).toEqual([path, false]);
  }
  for (const field of ['saltingScore', 'saltingNotes']) {
    expect(await fieldsOf('staff', '/organizations')).not.toContain(field);
    expect(await fieldsOf('organizer', '/organizations')).toContain(field);
  }
});

it('shows a member in the ledger nothing but what is about them', async () => {
  const { client, own } = callers.member;
  const { items } = (await client.get('/audit/logs?limit=200')).json<{
    items: { tableName: string; recordId: number | null; recordIds: number[] | null }[];
  }>();
  expect(items.length).toBeGreaterThan(0);
  for (const { tableName, recordId, recordIds } of items) {
    expect([tableName, recordIds ?? [recordId]]).toEqual(['members', [own.ids.members]]);
  }
});
