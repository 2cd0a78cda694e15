import { once } from 'node:events';
import { Client as Connection } from 'pg';
import { BREAK_GLASS, OPERATIONS, ROLES, type Operation } from '#access';
import { openApiDocument } from '#app';
import { anApplication } from '../../../libs/benevolence/src/benevolence.factory';
import { anEmployment } from '../../../libs/employments/src/member-employment.factory';
import { aGrievance } from '../../../libs/grievances/src/grievance.factory';
import { aContact, anOrganization } from '../../../libs/organizations/src/organization.factory';
import { aMember } from '../../../libs/members/src/member.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { aStudent } from '../../../libs/students/src/student.factory';
import { type Client, codeOf, type LocalApi, spawnApi, startApi } from '../../../test/support/harness';
import { made, type Shown } from '../../../test/support/records';
import { declaredResources } from '../../../test/support/resources';

/** Resources whose records break-glass leaves closed, each with its reason. One that it opens must go. */
const closed: Record<string, string> = {
  'benevolence-reviews': 'what reviewers said helps nobody in an emergency',
  'break-glass-reviews': 'looking at the emergencies of others is none',
  registrations: 'whose account it will be is no emergency',
  archives: 'part of the ledger',
  'legal-holds': 'part of the ledger',
  'retention-policies': 'part of the ledger',
};

const reason = 'Accident on site; whom do we call?';
const glass = { 'X-Break-Glass': 'true', 'X-Access-Reason': reason };

let api: LocalApi;
let admin: Client;
let instructor: Client;
let organizer: Client;
let staff: Client;
let officer: Client;
const ids: Record<string, number> = {};
const numbers: Record<string, string> = {};

beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
  [instructor, organizer, staff, officer] = [
    await api.as('instructor'),
    await api.as('organizer'),
    await api.as('staff'),
    await api.as('officer'),
  ];
  const make = async (kind: string, body: object) => {
    const record = await made(admin, `/${kind}`, body);
    ids[kind] = record.id;
    return record;
  };
  const member = await make('members', aMember({ notes: 'Call his sister.' }));
  const employer = await make('organizations', { ...anOrganization(), saltingNotes: 'Receptive foreman.' });
  await make('organization-contacts', aContact(employer.id));
  await make('member-employments', anEmployment(member.id, employer.id));
  const student = await make('students', aStudent(member.id));
  await make('salting-activities', anActivity(member.id, employer.id));
  await make('benevolence-applications', anApplication(member.id));
  const grievance = await make('grievances', aGrievance(member.id, employer.id));
  numbers.members = String(member['memberNumber']);
  numbers.students = String(student['studentNumber']);
  numbers.grievances = String(grievance['grievanceNumber']);
  // One that is no student, and so nothing to an instructor.
  ids.stranger = (await made(admin, '/members', aMember())).id;
});
afterAll(() => api.close());

interface Route {
  operation: Operation;
  method: string;
  path: string;
}

function routes(): Route[] {
  return Object.entries(openApiDocument(api.app).paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { operationId: Operation }>).map(([method, { operationId }]) => ({
      operation: operationId,
      method: method.toUpperCase(),
      path: path
        .replace('{id}', String(ids[operationId.split(':')[0] ?? ''] ?? 1))
        .replace('{number}', numbers[operationId.split(':')[0] ?? ''] ?? '1'),
    })),
  );
}

const opened = (operation: Operation) => (BREAK_GLASS.operations as readonly Operation[]).includes(operation);

describe('break-glass', () => {
  it('opens the records of every resource, unless it says why not', () => {
    const unopened = declaredResources.filter(({ name }) => !opened(`${name}:read` as Operation));
    expect(unopened.map(({ name }) => name).sort()).toEqual(Object.keys(closed).sort());
  });

  it('opens each record that the table names, whole, on record and on the list of reviews before the reply', async () => {
    const asked = routes().filter(({ operation }) => opened(operation));
    expect(asked).toHaveLength(BREAK_GLASS.operations.length);
    for (const { operation, path } of asked) {
      for (const client of [instructor, organizer, staff, officer]) {
        const reply = await client.get(path, glass);
        expect([operation, reply.status]).toEqual([operation, 200]);
        expect(reply.json()).toEqual((await admin.get(path)).json());
        const [entry] = await api.entries({ requestId: reply.requestId });
        const { id } = reply.json<Shown>();
        const facts = { recordId: id, reason, outcome: 'success', changedBy: client.account.id, route: operation };
        await api.expectAudit(
          reply,
          { ...facts, action: 'BREAK_GLASS' },
          { action: 'CREATE', tableName: 'break_glass_reviews', changedBy: client.account.id },
        );
        const reviews = await api.query(`SELECT * FROM break_glass_reviews WHERE entry_id = $1`, [entry?.id]);
        expect(reviews).toEqual([
          expect.objectContaining({
            table_name: entry?.tableName,
            record_id: String(id),
            opened_by: client.account.id,
            reason,
            closed_at: null,
          }),
        ]);
      }
    }
  });

  it('opens nothing else, whoever asks and however', async () => {
    const before = await reviewCount();
    for (const { operation, method, path } of routes().filter(({ operation }) => !opened(operation))) {
      if (OPERATIONS[operation] === 'public') continue;
      const reply = await staff.send(method, path, method === 'GET' || method === 'DELETE' ? undefined : {}, glass);
      expect([operation, ...codeOf(reply)]).toEqual([operation, 403, 'access.break-glass-refused']);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'access.break-glass-refused', reason });
    }
    expect(await reviewCount()).toBe(before);
  });

  it('is for the office alone', async () => {
    const may = { officer, staff, organizer, instructor };
    for (const role of ROLES.filter((name) => !(name in may))) {
      const reply = await (await api.as(role)).get(`/members/${ids.stranger}`, glass);
      expect([role, ...codeOf(reply)]).toEqual([role, 403, 'access.break-glass-refused']);
    }
    expect((await api.anonymous.get(`/members/${ids.stranger}`, glass)).status).toBe(401);
  });

  it('takes a reason that says something', async () => {
    const before = await reviewCount();
    for (const nothing of [undefined, ' ', '.', '- -', '\u00c2\u00a0', '\u00e2\u0080\u008b']) {
      const headers = { 'X-Break-Glass': 'true', ...(nothing === undefined ? {} : { 'X-Access-Reason': nothing }) };
      const reply = await instructor.get(`/members/${ids.stranger}`, headers);
      expect([nothing, ...codeOf(reply)]).toEqual([nothing, 428, 'access.reason-required']);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'access.reason-required' });
    }
    expect(await reviewCount()).toBe(before);
  });

  it('takes true or false and refuses what is neither', async () => {
    for (const value of ['1', 'TRUE', 'yes', 'true, true']) {
      const reply = await instructor.get(`/grievances/${ids.grievances}`, { ...glass, 'X-Break-Glass': value });
      expect([value, ...codeOf(reply)]).toEqual([value, 400, 'request.malformed']);
    }
    const closed = await instructor.get(`/grievances/${ids.grievances}`, { ...glass, 'X-Break-Glass': 'false' });
    expect(codeOf(closed)).toEqual([403, 'access.denied']);
  });

  it('lasts for one request, also where the same roles read at the same time', async () => {
    const path = `/members/${ids.members}`;
    const narrow = Object.keys((await instructor.get(path)).json());
    expect(narrow).not.toContain('address');
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, index) => instructor.get(path, index % 2 ? glass : undefined)),
    );
    replies.forEach((reply, index) => {
      const seesAll = Object.keys(reply.json()).includes('address');
      expect([index, reply.status, seesAll]).toEqual([index, 200, index % 2 === 1]);
    });
    expect(codeOf(await instructor.get(`/members/${ids.stranger}`))).toEqual([404, 'record.not-found']);
  });

  it('is a use by HEAD, and by a request that is answered 304', async () => {
    const path = `/members/${ids.stranger}`;
    const before = await reviewCount();
    const head = await instructor.head(path, glass);
    const unchanged = await instructor.get(path, { ...glass, 'If-None-Match': String(head.headers.etag) });
    expect([head.status, unchanged.status]).toEqual([200, 304]);
    for (const reply of [head, unchanged]) {
      await api.expectAudit(reply, { action: 'BREAK_GLASS' }, { action: 'CREATE', tableName: 'break_glass_reviews' });
    }
    expect(await reviewCount()).toBe(before + 2);
  });

  it('that met no record is on record, too, and there is nothing to review', async () => {
    const removed = (await made(admin, '/members', aMember())).id;
    await admin.delete(`/members/${removed}`);
    const before = await reviewCount();
    for (const id of [2_000_000_000, removed]) {
      const reply = await instructor.get(`/members/${id}`, glass);
      expect(reply.status).toBe(404);
      const facts = { action: 'BREAK_GLASS', outcome: 'failed', tableName: 'members', recordId: id, reason };
      await api.expectAudit(reply, facts);
    }
    expect(await reviewCount()).toBe(before);
  });

  it('shows nothing while its entry or its review can not be written', async () => {
    // The database writes entries as the owner, and the application writes reviews.
    for (const [table, role] of [
      ['audit_logs', 'ip2a_owner'],
      ['break_glass_reviews', 'ip2a_app'],
    ] as const) {
      await api.query(`REVOKE INSERT ON ${table} FROM ${role}`);
      const reply = await instructor.get(`/members/${ids.stranger}`, glass);
      await api.query(`GRANT INSERT ON ${table} TO ${role}`);
      expect([table, ...codeOf(reply)]).toEqual([table, 503, 'audit.unavailable']);
      expect(reply.ms).toBeLessThan(2_000);
      expect(await api.entries({ requestId: reply.requestId })).toEqual([]);
    }
  });

  it('shows nothing, within two seconds, while the ledger is locked', async () => {
    const before = await reviewCount();
    const other = new Connection({ connectionString: api.database.ownerUrl });
    await other.connect();
    await other.query('BEGIN; LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE');
    const reply = await instructor.get(`/members/${ids.stranger}`, glass);
    await other.end();
    expect(codeOf(reply)).toEqual([503, 'audit.unavailable']);
    expect(reply.ms).toBeLessThan(2_000);
    expect(await reviewCount()).toBe(before);
  });

  it('is offered, in a refusal, to those who may use it', async () => {
    const path = `/grievances/${ids.grievances}`;
    const detailOf = async (client: Client, where: string) => (await client.get(where)).json()['detail'];
    expect(await detailOf(instructor, path)).toContain('X-Break-Glass');
    expect(await detailOf(instructor, '/grievances')).not.toContain('X-Break-Glass');
    expect(await detailOf(await api.as('member'), '/salting-activities/1')).not.toContain('X-Break-Glass');
  });

  it('counts in the metrics', async () => {
    const countOf = async (name: string) =>
      Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await (await fetch(`${api.url}/metrics`)).text())?.[1]);
    const uses = await countOf('ip2a_break_glass_total');
    const open = await countOf('ip2a_break_glass_reviews_open');
    expect(open).toBe(await reviewCount('open'));
    await instructor.get(`/members/${ids.stranger}`, glass);
    expect([await countOf('ip2a_break_glass_total'), await countOf('ip2a_break_glass_reviews_open')]).toEqual([
      uses + 1,
      open + 1,
    ]);
  });

  it('is told to the operator at once, in a line that names nobody', async () => {
    const program = await spawnApi(api.database);
    const client = await program.somebody(['instructor']);
    const closed = once(program.child, 'close');
    const reply = await client.get(`/members/${ids.stranger}`, glass);
    await program.close();
    await closed;
    const lines = program.output.filter((line) => line.includes('Break-glass was used'));
    expect(lines).toHaveLength(1);
    const { level, requestId, operation, userId } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    const facts = { level: 40, requestId: reply.requestId, operation: 'members:read', userId: client.account.id };
    expect({ level, requestId, operation, userId }).toEqual(facts);
    for (const personal of [client.account.email, 'Delgado', 'Accident']) expect(lines[0]).not.toContain(personal);
  });

  it('is told to the member whose record was opened', async () => {
    const own = await api.as('member', { memberId: ids.stranger });
    await instructor.get(`/members/${ids.stranger}`, glass);
    const { items } = (await own.get('/me/access-log')).json<{ items: Record<string, unknown>[] }>();
    expect(items[0]).toMatchObject({
      by: instructor.account.email,
      what: expect.stringContaining('in an emergency') as string,
      reason,
    });
  });
});

describe('the review of a use', () => {
  let review: Shown;
  beforeEach(async () => {
    const reply = await officer.get(`/members/${ids.stranger}`, glass);
    expect(reply.status).toBe(200);
    const { items } = (
      await admin.get(`/break-glass-reviews?status=open&openedBy=${officer.account.id}&sort=-openedAt&limit=1`)
    ).json<{ items: Shown[] }>();
    review = items[0] as Shown;
  });

  it('is closed once, with a finding, by somebody else', async () => {
    const path = `/break-glass-reviews/${review.id}`;
    const own = await officer.post(`${path}/close`, { finding: 'All is well.' });
    expect(codeOf(own)).toEqual([403, 'access.denied']);
    await api.expectAudit(own, {
      action: 'ACCESS_DENIED',
      tableName: 'break_glass_reviews',
      recordId: review.id,
    });
    for (const body of [{}, { finding: ' ' }, { finding: 'x'.repeat(2_001) }, { finding: 'x', closedBy: 1 }]) {
      expect((await admin.post(`${path}/close`, body)).status).toBe(422);
    }
    const other = await api.somebody(['officer']);
    const closed = await other.post(`${path}/close`, { finding: 'Called for.' });
    expect(closed.status).toBe(200);
    expect(closed.json()).toMatchObject({ finding: 'Called for.', closedBy: other.account.id });
    await api.expectAudit(closed, { action: 'UPDATE', tableName: 'break_glass_reviews', recordId: review.id });
    expect(codeOf(await admin.post(`${path}/close`, { finding: 'Not so.' }))).toEqual([409, 'workflow.not-allowed']);
    expect((await admin.get(path)).json()).toMatchObject({ finding: 'Called for.', closedBy: other.account.id });
  });

  it('is closed once, also where two do it at the same time', async () => {
    const others = await Promise.all([1, 2, 3, 4].map(() => api.somebody(['officer'])));
    const replies = await Promise.all(
      others.map((other) => other.post(`/break-glass-reviews/${review.id}/close`, { finding: 'Called for.' })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  });

  it('can not be closed by its own user in the database either', async () => {
    await expect(
      api.query(
        `UPDATE break_glass_reviews SET closed_by = opened_by, closed_at = now(), finding = 'x' WHERE id = $1`,
        [review.id],
      ),
    ).rejects.toThrow('break_glass_reviews_own_check');
  });

  it('is listed, open or closed, page by page, for officers and administrators', async () => {
    await admin.post(`/break-glass-reviews/${review.id}/close`, { finding: 'Called for.' });
    for (const status of ['open', 'closed'] as const) {
      const ids: number[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const reply = await officer.get(
          `/break-glass-reviews?status=${status}&limit=7${cursor && `&cursor=${cursor}`}`,
        );
        const page: { items: Shown[]; nextCursor: string | null } = reply.json();
        await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'break_glass_reviews' });
        for (const { closedAt, id } of page.items) {
          expect(closedAt === null).toBe(status === 'open');
          ids.push(id);
        }
        cursor = page.nextCursor;
      }
      expect(new Set(ids).size).toBe(await reviewCount(status));
      expect(ids).toHaveLength(await reviewCount(status));
    }
    for (const client of [staff, organizer, instructor, await api.as('member')]) {
      expect((await client.get('/break-glass-reviews')).status).toBe(403);
      expect((await client.get(`/break-glass-reviews/${review.id}`)).status).toBe(403);
      const closing = await client.post(`/break-glass-reviews/${review.id}/close`, { finding: 'x' });
      expect(closing.status).toBe(403);
    }
  });
});

async function reviewCount(status?: 'open' | 'closed'): Promise<number> {
  const where = status ? `WHERE closed_at IS ${status === 'open' ? '' : 'NOT '}NULL` : '';
  const [row] = await api.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM break_glass_reviews ${where}`,
  );
  return row?.count ?? 0;
}
