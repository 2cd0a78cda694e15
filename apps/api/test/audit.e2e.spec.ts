import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

interface Item {
  id: number;
  action: string;
  tableName: string | null;
  recordId: number | null;
  recordIds: number[] | null;
  recordCount: number | null;
  filters: Record<string, unknown> | null;
  changedBy: { id: number | null; email: string | null; roles: string[] } | null;
  source: string;
  changedAt: string;
  requestId: string | null;
  outcome: string;
  oldValues: Record<string, unknown> | null;
  newValues: Record<string, unknown> | null;
  changedFields: string[] | null;
  sealed: number | null;
}
interface Page {
  items: Item[];
  nextCursor: string | null;
}

let api: LocalApi;
let admin: Client;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
  staff = await api.as('staff');
});
afterAll(() => api.close());

async function createMember(): Promise<number> {
  return (await staff.post('/members', aMember({ notes: 'for the office' }))).json<{ id: number }>().id;
}

const itemsOf = (reply: Reply) => reply.json<Page>().items;
async function search(query: string, client = admin): Promise<Item[]> {
  const reply = await client.get(`/audit/logs?limit=200&${query}`);
  expect([reply.status, reply.text.slice(0, 200)]).toEqual([200, expect.stringContaining('"items"')]);
  return itemsOf(reply);
}

describe('an entry', () => {
  it('says who did what to which record, when, from where and why', async () => {
    const id = await createMember();
    const change = await staff.patch(
      `/members/${id}`,
      { phone: '1' },
      { 'X-Access-Reason': 'Call', 'User-Agent': 'desk 3' },
    );
    const [item] = await search(`requestId=${change.requestId}`);
    // It may have been sealed meanwhile.
    const { sealed, ...said } = item!;
    expect(sealed === null || Number.isInteger(sealed)).toBe(true);
    expect(said).toEqual({
      id: Number(change.headers.etag?.replaceAll('"', '')),
      action: 'UPDATE',
      tableName: 'members',
      recordId: id,
      recordIds: null,
      recordVersion: null,
      recordVersions: null,
      recordCount: null,
      filters: null,
      changedBy: { id: staff.account.id, email: staff.account.email, roles: ['staff'] },
      source: 'api',
      databaseRole: 'ip2a_app',
      changedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
      ipAddress: '127.0.0.1',
      userAgent: 'desk 3',
      requestId: change.requestId,
      route: 'members:update',
      reason: 'Call',
      outcome: 'success',
      oldValues: { phone: '555-0134' },
      newValues: { phone: '1' },
      changedFields: ['phone'],
      notes: null,
    });
    const single = await admin.get(`/audit/logs/${item?.id}`);
    expect(single.json()).toMatchObject(said);
    await api.expectAudit(single, { action: 'READ', tableName: 'audit_logs', recordId: item?.id, route: 'audit:read' });
  });

  it('keeps the roles and the address that its author had at that moment', async () => {
    const clerk = await api.somebody(['staff']);
    const reply = await clerk.get('/members?limit=1');
    await admin.patch(`/users/${clerk.account.id}`, { email: 'renamed@local.example' });
    await admin.put(`/users/${clerk.account.id}/roles`, { roles: ['organizer'] });
    const [item] = await search(`requestId=${reply.requestId}`);
    expect(item?.changedBy).toEqual({ id: clerk.account.id, email: clerk.account.email, roles: ['staff'] });
  });

  it('names the database’s role where no user is known', async () => {
    const id = await createMember();
    await api.query(`UPDATE members SET city = 'By hand' WHERE id = $1`, [id]);
    const [item] = await search(`tableName=members&recordId=${id}&action=UPDATE`);
    expect(item).toMatchObject({
      changedBy: null,
      source: 'database',
      databaseRole: 'ip2a_owner',
      notes: 'database role ip2a_owner',
    });
  });

  it('answers 404 where there is none', async () => {
    expect(codeOf(await admin.get('/audit/logs/999999999999'))).toEqual([404, 'record.not-found']);
  });
});

describe('searching the ledger', () => {
  it('goes newest first, and page by page through each entry once while others are added', async () => {
    for (let count = 0; count < 30; count += 1) await staff.get('/members?limit=1');
    const expected = (await search(`changedBy=${staff.account.id}`)).map(({ id }) => id);
    const paged: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Page = (
        await admin.get(`/audit/logs?changedBy=${staff.account.id}&limit=7${cursor && `&cursor=${cursor}`}`)
      ).json();
      paged.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      await staff.get('/members?limit=1');
    }
    expect(paged).toEqual(expected);
    expect(expected.length).toBeGreaterThan(30);
  });

  it('finds by each of its filters', async () => {
    const id = await createMember();
    const denied = await (await api.as('organizer')).delete(`/members/${id}`);
    const [created] = await api.entries({ tableName: 'members', recordId: id });
    expect((await search('tableName=users')).every(({ tableName }) => tableName === 'users')).toBe(true);
    expect((await search(`tableName=members&recordId=${id}`)).map(({ action }) => action)).toEqual(['CREATE']);
    expect((await search('action=ACCESS_DENIED')).map(({ requestId }) => requestId)).toContain(denied.requestId);
    expect(
      (await search(`changedBy=${staff.account.id}&action=CREATE`)).every(
        ({ changedBy }) => changedBy?.id === staff.account.id,
      ),
    ).toBe(true);
    expect((await search(`ipAddress=127.0.0.1&requestId=${denied.requestId}`)).map(({ outcome }) => outcome)).toEqual([
      'denied',
    ]);
    expect(await search('ipAddress=10.0.0.1')).toEqual([]);
    expect(await search('ipAddress=::1')).toEqual([]);
    const at = created?.changedAt;
    expect((await search(`from=${at}&tableName=members&action=CREATE`)).at(-1)?.id).toBe(created?.id);
    expect((await search(`to=${at}`)).map((item) => item.id)).not.toContain(created?.id);
    expect(await search(`from=${at}&to=${at}`)).toEqual([]);
    expect(await search('from=2100-01-01T00:00:00%2B02:00')).toEqual([]);
  });

  it('finds the lists and exports that showed a record', async () => {
    const id = await createMember();
    const other = await createMember();
    const list = await staff.get('/members?sort=-id&limit=2');
    const narrow = await staff.get('/members?sort=-id&limit=1');
    const csv = await staff.get('/members/export');
    const trail = await search(`tableName=members&recordId=${id}`);
    expect(trail.map(({ action, requestId }) => `${action} ${requestId}`)).toEqual([
      `EXPORT ${csv.requestId}`,
      `BULK_READ ${list.requestId}`,
      expect.stringMatching(/^CREATE /),
    ]);
    expect(trail[1]).toMatchObject({
      recordId: null,
      recordIds: [other, id],
      recordCount: 2,
      filters: { sort: '-id', limit: 2 },
    });
    expect((await search(`tableName=members&recordId=${other}`)).map(({ requestId }) => requestId)).toContain(
      narrow.requestId,
    );
    const lists = async (query: string) =>
      (await search(`recordId=${id}&action=BULK_READ${query}`)).map(({ requestId }) => requestId);
    expect(await lists('&tableName=users')).not.toContain(list.requestId);
    expect(await lists('')).toContain(list.requestId);
    const byRecord = await admin.get(`/members/${id}/audit-trail?limit=2`);
    const rest = await admin.get(`/members/${id}/audit-trail?limit=2&cursor=${byRecord.json<Page>().nextCursor}`);
    expect([...itemsOf(byRecord), ...itemsOf(rest)].map(({ action }) => action).slice(-3)).toEqual([
      'EXPORT',
      'BULK_READ',
      'CREATE',
    ]);
  });

  it('is on record once for each request, with the record or the entries that it showed', async () => {
    const id = await createMember();
    const about = await admin.get(`/audit/logs?tableName=members&recordId=${id}`, { 'X-Access-Reason': 'Complaint' });
    await api.expectAudit(about, {
      action: 'READ',
      tableName: 'members',
      recordId: id,
      reason: 'Complaint',
      route: 'audit:list',
      notes: 'audit trail',
    });
    const trail = await admin.get(`/members/${id}/audit-trail`);
    await api.expectAudit(trail, {
      action: 'READ',
      tableName: 'members',
      recordId: id,
      route: 'members:audit-trail',
      notes: 'audit trail',
    });
    const list = await admin.get('/audit/logs?limit=3&action=CREATE');
    await api.expectAudit(list, {
      action: 'BULK_READ',
      tableName: 'audit_logs',
      recordIds: itemsOf(list).map((item) => item.id),
      filters: expect.objectContaining({ action: 'CREATE' }) as Record<string, unknown>,
    });
  });
});

describe('who may read the ledger', () => {
  it('shows an officer members’ records and what they did themselves', async () => {
    const officer = await api.somebody(['officer']);
    const id = await createMember();
    await admin.get('/users');
    await officer.get('/auth/me');
    const items = await search('', officer);
    expect(items.every((item) => item.tableName === 'members' || item.changedBy?.id === officer.account.id)).toBe(true);
    expect(items.map(({ recordId, tableName }) => `${tableName} ${recordId}`)).toEqual(
      expect.arrayContaining([`members ${id}`, `users ${officer.account.id}`]),
    );
    const [hidden] = await api.entries({ tableName: 'users', action: 'BULK_READ' });
    const refused = await officer.get(`/audit/logs/${hidden?.id}`);
    expect(codeOf(refused)).toEqual([404, 'record.not-found']);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', tableName: 'audit_logs', recordId: hidden?.id });
  });

  it.each(['staff', 'organizer', 'instructor'] as const)('shows %s what they did themselves', async (role) => {
    const client = await api.somebody([role]);
    const mine = await client.get('/members?limit=1');
    const items = await search('', client);
    expect(items.every((item) => item.changedBy?.id === client.account.id)).toBe(true);
    expect(items.map(({ requestId }) => requestId)).toContain(mine.requestId);
    expect(await search(`changedBy=${admin.account.id}`, client)).toEqual([]);
  });

  it('shows members who saw or changed their record, but not whom else, nor what was looked for', async () => {
    const id = await createMember();
    const other = await createMember();
    const own = await api.somebody(['member'], id);
    await staff.get('/members?sort=-id&limit=2&status=active');
    await staff.patch(`/members/${id}`, { notes: 'of the office', phone: '7' });
    for (const reply of [
      await own.get('/audit/logs'),
      await own.get(`/members/${id}/audit-trail`),
      await own.get(`/audit/logs?tableName=members&recordId=${id}`),
    ]) {
      const items = itemsOf(reply);
      const list = items.find(({ action }) => action === 'BULK_READ');
      expect(list).toMatchObject({ recordIds: [id], filters: null });
      const change = items.find(({ action }) => action === 'UPDATE');
      expect(change).toMatchObject({
        newValues: { notes: '[redacted]', phone: '7' },
        oldValues: { notes: '[redacted]' },
        changedFields: ['notes', 'phone'],
      });
      expect(reply.text).not.toMatch(/of the office|for the office/);
      expect(items.filter(({ recordId, recordIds }) => recordId !== id && !recordIds?.includes(id))).toEqual([]);
    }
    expect(await search(`tableName=members&recordId=${other}`, own)).toEqual([]);
    expect(await search('tableName=users', own)).toEqual([]);
    const [about] = await api.entries({ tableName: 'members', recordId: other });
    expect((await own.get(`/audit/logs/${about?.id}`)).status).toBe(404);
  });

  it('shows values only to those who may read them in the record itself', async () => {
    const id = await createMember();
    const change = await staff.patch(`/members/${id}`, { notes: 'of the office', phone: '7' });
    const both = { notes: 'of the office', phone: '7' };
    expect((await search(`requestId=${change.requestId}`))[0]?.newValues).toEqual(both);
    expect((await search(`requestId=${change.requestId}`, staff))[0]?.newValues).toEqual(both);
    expect((await search(`requestId=${change.requestId}`, await api.as('officer')))[0]?.newValues).toEqual(both);
    const clerk = await api.somebody(['staff']);
    const earlier = await clerk.patch(`/members/${id}`, { notes: 'seen by a clerk', phone: '8' });
    await admin.put(`/users/${clerk.account.id}/roles`, { roles: ['organizer'] });
    expect((await search(`requestId=${earlier.requestId}`, clerk))[0]?.newValues).toEqual({
      notes: '[redacted]',
      phone: '8',
    });
    await admin.put(`/users/${clerk.account.id}/roles`, { roles: ['instructor'] });
    expect(JSON.stringify(await search(`requestId=${earlier.requestId}`, clerk))).not.toMatch(/seen by a clerk|"8"/);
  });

  it('shows an officer nothing of accounts but what concerns their own', async () => {
    const officer = await api.somebody(['officer']);
    await officer.post('/auth/logout-all');
    const again = await api.login(officer.account);
    const items = await search('tableName=users', again);
    expect(
      items.filter(({ newValues }) => newValues && Object.values(newValues).some((value) => value !== '[redacted]')),
    ).toEqual([]);
  });

  it('is nobody’s without a token, and a stranger’s trail is no member’s', async () => {
    const reply = await api.anonymous.get('/audit/logs');
    expect(codeOf(reply)).toEqual([401, 'auth.required']);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', route: 'audit:list' });
    const own = await api.somebody(['member'], await createMember());
    const refused = await own.get(`/members/${await createMember()}/audit-trail`);
    expect(codeOf(refused)).toEqual([404, 'record.not-found']);
  });

  it('shows the trail of a removed member to those who may see removed members', async () => {
    const id = await createMember();
    await staff.delete(`/members/${id}`);
    const officers = await (await api.as('officer')).get(`/members/${id}/audit-trail`);
    expect(itemsOf(officers).map(({ action }) => action)).toEqual(['DELETE', 'CREATE']);
    expect((await staff.get(`/members/${id}/audit-trail`)).status).toBe(404);
  });
});
