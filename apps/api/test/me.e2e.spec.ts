import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';

interface Access {
  id: number;
  at: string;
  by: string;
  roles: string[];
  what: string;
  reason: string | null;
  changedFields: string[] | null;
}

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
afterAll(() => api.close());

async function somebody(): Promise<{ id: number; own: Client }> {
  const { id } = (await staff.post('/members', aMember())).json<{ id: number }>();
  return { id, own: await api.somebody(['member'], id) };
}

describe('my own record', () => {
  it('is shown to me without what is for the office, and on record', async () => {
    const { id, own } = await somebody();
    const reply = await own.get('/me');
    expect([reply.status, reply.json()['id'], 'notes' in reply.json()]).toEqual([200, id, false]);
    await api.expectAudit(reply, {
      action: 'READ',
      tableName: 'members',
      recordId: id,
      changedBy: own.account.id,
      route: 'me:read',
    });
    expect((await own.get('/me', { 'If-None-Match': String(reply.headers.etag) })).status).toBe(304);
  });

  it('lets me change my contact details, with the version I saw, and nothing else', async () => {
    const { id, own } = await somebody();
    const version = String((await own.get('/me')).headers.etag);
    const reply = await own.patch('/me', { phone: '555-1', email: null }, { 'If-Match': version });
    expect([reply.status, reply.json()]).toEqual([200, expect.objectContaining({ phone: '555-1', email: null })]);
    await api.expectAudit(reply, {
      action: 'UPDATE',
      recordId: id,
      changedFields: ['email', 'phone'],
      route: 'me:update',
    });
    expect(codeOf(await own.patch('/me', { phone: '555-2' }, { 'If-Match': version }))).toEqual([
      412,
      'record.stale-version',
    ]);
    const refused = await own.patch('/me', { phone: '555-3', status: 'retired' });
    expect(codeOf(refused)).toEqual([403, 'access.field-denied']);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', tableName: 'members', recordId: id });
    expect((await own.get('/me')).json()).toMatchObject({ phone: '555-1', status: 'active' });
  });

  it('is not there for an account that belongs to no member, or to one who was removed', async () => {
    expect(codeOf(await staff.get('/me'))).toEqual([404, 'record.not-found']);
    expect(codeOf(await staff.patch('/me', { phone: '1' }))).toEqual([404, 'record.not-found']);
    expect(codeOf(await staff.get('/me/access-log'))).toEqual([404, 'record.not-found']);
    const { id, own } = await somebody();
    await staff.delete(`/members/${id}`);
    expect(codeOf(await own.get('/me'))).toEqual([404, 'record.not-found']);
    expect(codeOf(await own.patch('/me', { phone: '1' }))).toEqual([404, 'record.not-found']);
  });
});

describe('my access log', () => {
  it('tells who saw or changed my record, when and why, newest first, and no more than that', async () => {
    const { id, own } = await somebody();
    const officer = await api.as('officer');
    const { own: stranger } = await somebody();
    await officer.get(`/members/${id}`, { 'X-Access-Reason': 'Dues question' });
    await staff.get('/members?limit=200');
    await staff.patch(`/members/${id}`, { phone: '1', city: 'Elsewhere' }, { 'X-Access-Reason': 'Moved' });
    await stranger.get(`/members/${id}`);
    await officer.get('/members/export');
    await staff.delete(`/members/${id}`);
    await staff.post(`/members/${id}/restore`);
    await api.query(`UPDATE members SET state = 'CA' WHERE id = $1`, [id]);

    const reply = await own.get('/me/access-log');
    const { items, nextCursor } = reply.json<{ items: Access[]; nextCursor: null }>();
    expect(nextCursor).toBeNull();
    expect(items.map(({ by, what, reason, changedFields }) => [by, what, reason, changedFields])).toEqual([
      ['the system', 'changed the record', null, ['state']],
      [staff.account.email, 'restored the record', null, ['deleted_at']],
      [staff.account.email, 'removed the record', null, ['deleted_at']],
      [officer.account.email, 'exported the record with others', null, null],
      [stranger.account.email, 'tried to reach the record and was refused', null, null],
      [staff.account.email, 'changed the record', 'Moved', ['city', 'phone']],
      [staff.account.email, 'saw the record in a list', null, null],
      [officer.account.email, 'looked at the record', 'Dues question', null],
      [staff.account.email, 'created the record', null, null],
    ]);
    expect(items.map(({ at }) => at)).toEqual(
      items
        .map(({ at }) => at)
        .sort()
        .reverse(),
    );
    expect(Object.keys(items[0]!).sort()).toEqual(['at', 'by', 'changedFields', 'id', 'reason', 'roles', 'what']);
    await api.expectAudit(reply, {
      action: 'READ',
      tableName: 'members',
      recordId: id,
      changedBy: own.account.id,
      route: 'me:access-log',
      notes: 'access log',
    });
    const again = await own.get('/me/access-log?limit=1');
    expect(again.json<{ items: Access[] }>().items).toEqual([
      expect.objectContaining({ by: own.account.email, what: 'looked at the record' }),
    ]);
  });

  it('goes through all of it page by page, each access once', async () => {
    const { id, own } = await somebody();
    for (let count = 0; count < 12; count += 1) {
      if (count % 2) await staff.get(`/members/${id}`);
      else await staff.get('/members?limit=200');
    }
    const until = new Date(Date.now() + 1000).toISOString();
    const whole = (await own.get(`/me/access-log?to=${until}`)).json<{ items: Access[] }>().items;
    const paged: Access[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: Access[]; nextCursor: string | null } = (
        await own.get(`/me/access-log?limit=5${cursor && `&cursor=${cursor}`}`)
      ).json();
      paged.push(...page.items);
      cursor = page.nextCursor;
    }
    // Looking is itself an access, so what was read first lacks the readings that followed.
    const known = whole.map((item) => item.id);
    expect(paged.map((item) => item.id).filter((item) => known.includes(item))).toEqual(known);
    expect(known.length).toBe(13);
  });

  it('shows nobody else’s, and an office account no more than any other', async () => {
    const { id: otherId } = await somebody();
    const { id } = (await staff.post('/members', aMember())).json<{ id: number }>();
    const clerk = await api.somebody(['staff', 'officer', 'admin'], id);
    await clerk.get(`/members/${otherId}`);
    await clerk.patch(`/members/${id}`, { notes: 'secret of the office' });
    const reply = await clerk.get('/me/access-log');
    expect(reply.json<{ items: Access[] }>().items.map(({ what }) => what)).toEqual([
      'changed the record',
      'created the record',
    ]);
    expect(reply.text).not.toContain('secret of the office');
  });

  it('can be asked for a time', async () => {
    const { id, own } = await somebody();
    await staff.get(`/members/${id}`);
    const [created, read] = await api.entries({ tableName: 'members', recordId: id });
    const whats = async (query: string) =>
      (await own.get(`/me/access-log?${query}`)).json<{ items: Access[] }>().items.map(({ what }) => what);
    expect(await whats(`to=${read?.changedAt}`)).toEqual(['created the record']);
    expect((await whats(`from=${read?.changedAt}`)).at(-1)).toBe('looked at the record');
    expect(await whats(`from=${created?.changedAt}&to=${created?.changedAt}`)).toEqual([]);
  });
});
