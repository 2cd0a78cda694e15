import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';

/** A member as a reply shows one. */
interface Member {
  id: number;
  memberNumber: string;
  lastName: string;
  phone: string | null;
  notes?: string | null;
  createdAt: string;
  updatedAt: string;
  deletedAt: string | null;
}

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
afterAll(() => api.close());

async function create(overrides = {}): Promise<Member & { version: string }> {
  const reply = await staff.post('/members', aMember(overrides));
  return { ...reply.json<Member>(), version: String(reply.headers.etag) };
}

describe('creating a member', () => {
  it('answers with the record, where it is and its version, and is on record', async () => {
    const member = aMember();
    const reply = await staff.post('/members', member, { 'X-Access-Reason': 'Joined today', 'User-Agent': 'desk 3' });
    const created = reply.json<Member>();
    expect(reply.status).toBe(201);
    expect(created).toEqual({
      ...member,
      id: expect.any(Number) as number,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
      updatedAt: expect.stringMatching(/Z$/) as string,
      deletedAt: null,
    });
    expect(reply.headers).toMatchObject({
      location: `/api/v1/members/${created.id}`,
      etag: expect.stringMatching(/^"\d+"$/) as string,
      'cache-control': 'no-store',
    });
    await api.expectAudit(reply, {
      action: 'CREATE',
      tableName: 'members',
      recordId: created.id,
      id: Number(reply.headers.etag?.replaceAll('"', '')),
      changedBy: staff.account.id,
      actorEmail: staff.account.email,
      actorRoles: ['staff'],
      source: 'api',
      databaseRole: 'ip2a_app',
      ipAddress: '127.0.0.1',
      userAgent: 'desk 3',
      route: 'members:create',
      reason: 'Joined today',
      outcome: 'success',
      oldValues: null,
      newValues: expect.objectContaining({ member_number: member.memberNumber, last_name: member.lastName }) as Record<
        string,
        unknown
      >,
    });
    const [entry] = await api.entries({ requestId: reply.requestId });
    expect(entry?.newValues).not.toHaveProperty('audit_ref');
  });

  it('takes a new member as active unless told otherwise', async () => {
    const { status: _status, ...unsaid } = aMember();
    expect((await staff.post('/members', unsaid)).json()).toMatchObject({ status: 'active' });
  });

  it('trims texts and stores the e-mail address in lower case', async () => {
    const member = await create({ firstName: '  Rosa ', email: ' Rosa.Delgado@Example.ORG ' });
    expect(member).toMatchObject({ firstName: 'Rosa', email: 'rosa.delgado@example.org' });
  });

  it('refuses a number that is taken with 409, also by a removed member', async () => {
    const { id, memberNumber } = await create();
    const duplicate = await staff.post('/members', aMember({ memberNumber }));
    expect(codeOf(duplicate)).toEqual([409, 'record.duplicate']);
    expect(duplicate.json()['errors']).toEqual([{ pointer: '/memberNumber', message: expect.any(String) as string }]);
    expect(duplicate.text).not.toContain(memberNumber);
    await api.expectAudit(duplicate, { action: 'READ', tableName: 'members', recordId: id, notes: 'record.duplicate' });
    await staff.delete(`/members/${id}`);
    expect(codeOf(await staff.post('/members', aMember({ memberNumber })))).toEqual([409, 'record.duplicate']);
  });
});

describe('reading a member', () => {
  it('shows it by id and by number, alike, each time on record', async () => {
    const { id, memberNumber, version } = await create();
    const byId = await staff.get(`/members/${id}`);
    const byNumber = await staff.get(`/members/by-number/${memberNumber}`);
    expect(byId.json()).toEqual(byNumber.json());
    expect([byId.headers.etag, byNumber.headers.etag]).toEqual([version, version]);
    await api.expectAudit(byId, { action: 'READ', tableName: 'members', recordId: id, route: 'members:read' });
    await api.expectAudit(byNumber, {
      action: 'READ',
      tableName: 'members',
      recordId: id,
      route: 'members:read-by-number',
    });
  });

  it('answers 404 for one that is not there, and that shows nothing', async () => {
    for (const path of ['/members/2147483647', '/members/by-number/NONE']) {
      const reply = await staff.get(path);
      expect(codeOf(reply)).toEqual([404, 'record.not-found']);
      await api.expectAudit(reply);
    }
  });

  it('answers HEAD like GET without the body, and that is a reading', async () => {
    const { id, version } = await create();
    const head = await staff.head(`/members/${id}`);
    const get = await staff.get(`/members/${id}`);
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', version]);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    await api.expectAudit(head, { action: 'READ', recordId: id });
  });

  it.each([
    ['the version', (version: string) => version, 304],
    ['the version as a weak tag', (version: string) => `W/${version}`, 304],
    ['any version', () => '*', 304],
    ['the version among others', (version: string) => `"1", ${version}`, 304],
    ['another version', () => '"1"', 200],
    ['no tag', () => 'nonsense', 200],
  ])('answers If-None-Match with %s', async (_what, tag, status) => {
    const { id, version } = await create();
    const reply = await staff.get(`/members/${id}`, { 'If-None-Match': tag(version) });
    expect([reply.status, reply.headers.etag, reply.text === '']).toEqual([status, version, status === 304]);
    await api.expectAudit(reply, { action: 'READ', recordId: id });
    expect((await staff.head(`/members/${id}`, { 'If-None-Match': tag(version) })).status).toBe(status);
  });
});

describe('changing a member', () => {
  it('changes what is named, empties what is null, leaves the rest, and records exactly that', async () => {
    const { id, version, updatedAt, ...before } = await create();
    const reply = await staff.patch(`/members/${id}`, { phone: '555-0199', address: null });
    expect(reply.status).toBe(200);
    const { updatedAt: changedAt, ...after } = reply.json<Member>();
    expect({ ...after, version }).toEqual({ ...before, id, version, phone: '555-0199', address: null });
    expect(changedAt > updatedAt).toBe(true);
    expect(reply.headers.etag).not.toBe(version);
    await api.expectAudit(reply, {
      action: 'UPDATE',
      recordId: id,
      oldValues: { phone: '555-0134', address: expect.any(String) as string },
      newValues: { phone: '555-0199', address: null },
      changedFields: ['address', 'phone'],
      route: 'members:update',
    });
  });

  it.each(['application/merge-patch+json', 'application/json', 'application/json; charset=utf-8'])(
    'takes %s',
    async (type) => {
      const { id } = await create();
      const reply = await staff.patch(`/members/${id}`, { phone: '1' }, { 'Content-Type': type });
      expect([reply.status, reply.json()['phone']]).toEqual([200, '1']);
    },
  );

  it.each([
    ['nothing', {}],
    ['what is so already', { phone: '555-0134', hireDate: '2004-05-17', status: 'active' }],
  ])('to %s is a reading, and leaves the version as it is', async (_what, patch) => {
    const { id, version, updatedAt } = await create();
    const reply = await staff.patch(`/members/${id}`, patch);
    expect([reply.status, reply.headers.etag, reply.json()['updatedAt']]).toEqual([200, version, updatedAt]);
    await api.expectAudit(reply, { action: 'READ', recordId: id });
  });

  it('refuses a number that is taken', async () => {
    const { memberNumber } = await create();
    const { id } = await create();
    expect(codeOf(await staff.patch(`/members/${id}`, { memberNumber }))).toEqual([409, 'record.duplicate']);
  });

  it('answers 404 for a member who is not there or was removed', async () => {
    const { id } = await create();
    await staff.delete(`/members/${id}`);
    for (const path of [`/members/${id}`, '/members/2147483647']) {
      expect(codeOf(await staff.patch(path, { phone: '1' }))).toEqual([404, 'record.not-found']);
    }
  });
});

describe('If-Match', () => {
  const cases: [what: string, tag: (version: string) => string, status: 200 | 412 | 400][] = [
    ['the version', (version) => version, 200],
    ['the version among others', (version) => `"1", ${version}`, 200],
    ['any version', () => '*', 200],
    ['an older version', () => '"1"', 412],
    ['a weak tag, which never matches', (version) => `W/${version}`, 412],
    ['a tag that is no version of ours', () => '"abc"', 412],
    ['a version that never comes', () => '"999999999999999999999"', 412],
    ['a tag without quotes', (version) => version.replaceAll('"', ''), 400],
    ['half a tag', () => '"1', 400],
  ];
  it.each(cases)('with %s decides over a change', async (_what, tag, status) => {
    const { id, version } = await create();
    const reply = await staff.patch(`/members/${id}`, { phone: '1' }, { 'If-Match': tag(version) });
    expect(reply.status).toBe(status);
    const entries = await api.entries({ requestId: reply.requestId });
    const expected = { 200: ['UPDATE'], 412: ['READ'], 400: [] };
    expect(entries.map(({ action }) => action)).toEqual(expected[status]);
  });

  it.each(cases)('with %s decides over a removal', async (_what, tag, status) => {
    const { id, version } = await create();
    const reply = await staff.delete(`/members/${id}`, { 'If-Match': tag(version) });
    expect(reply.status).toBe(status === 200 ? 204 : status);
    const entries = await api.entries({ requestId: reply.requestId });
    const expected = { 200: ['DELETE'], 412: ['READ'], 400: [] };
    expect(entries.map(({ action }) => action)).toEqual(expected[status]);
  });

  it('of a stale version refuses even a change to what is so already', async () => {
    const { id } = await create();
    const reply = await staff.patch(`/members/${id}`, { phone: '555-0134' }, { 'If-Match': '"1"' });
    expect(codeOf(reply)).toEqual([412, 'record.stale-version']);
    await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: id, notes: 'record.stale-version' });
  });
});

describe('removing and restoring a member', () => {
  it('hides it, restorably, and records both', async () => {
    const { id, memberNumber } = await create();
    const removed = await staff.delete(`/members/${id}`);
    expect([removed.status, removed.text]).toEqual([204, '']);
    await api.expectAudit(removed, {
      action: 'DELETE',
      recordId: id,
      changedFields: ['deleted_at'],
      route: 'members:delete',
    });
    for (const path of [`/members/${id}`, `/members/by-number/${memberNumber}`]) {
      expect((await staff.get(path)).status).toBe(404);
    }
    expect((await staff.get(`/members?q=${memberNumber}`)).json()).toEqual({ items: [], nextCursor: null });

    const restored = await staff.post(`/members/${id}/restore`);
    expect([restored.status, restored.json()['deletedAt']]).toEqual([200, null]);
    await api.expectAudit(restored, { action: 'RESTORE', recordId: id, route: 'members:restore' });
    expect((await staff.get(`/members/${id}`)).headers.etag).toBe(restored.headers.etag);
  });

  it('answers 404 for the second removal and 409 for the second restoring', async () => {
    const { id } = await create();
    await staff.delete(`/members/${id}`);
    expect(codeOf(await staff.delete(`/members/${id}`))).toEqual([404, 'record.not-found']);
    await staff.post(`/members/${id}/restore`);
    expect(codeOf(await staff.post(`/members/${id}/restore`))).toEqual([409, 'record.not-deleted']);
    expect(codeOf(await staff.post('/members/2147483647/restore'))).toEqual([404, 'record.not-found']);
  });

  it('shows removed members to those who may see them, and refuses others', async () => {
    const lastName = 'Quarantelli';
    const live = await create({ lastName });
    const removed = await create({ lastName });
    await staff.delete(`/members/${removed.id}`);
    const idsFor = async (client: Client, deleted: string) => {
      const reply = await client.get(`/members?q=${lastName}&deleted=${deleted}`);
      await api.expectAudit(reply, {
        action: 'BULK_READ',
        recordIds: reply.json<{ items: Member[] }>().items.map(({ id }) => id),
      });
      return reply.json<{ items: Member[] }>().items.map(({ id }) => id);
    };
    for (const role of ['admin', 'officer'] as const) {
      const client = await api.as(role);
      expect(await idsFor(client, 'include')).toEqual([live.id, removed.id]);
      expect(await idsFor(client, 'only')).toEqual([removed.id]);
      expect(await idsFor(client, 'exclude')).toEqual([live.id]);
    }
    for (const role of ['staff', 'organizer', 'instructor'] as const) {
      const reply = await (await api.as(role)).get('/members?deleted=include');
      expect(codeOf(reply)).toEqual([403, 'access.denied']);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', outcome: 'denied', route: 'members:list' });
    }
  });
});
