import { aMember } from '../../../libs/members/src/member.factory';
import { OPERATIONS, PERMISSIONS, type Operation, type Permission, type Role, type Scope } from '#access';
import { openApiDocument } from '#app';
import { Files } from '../../../test/support/files';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';

let api: LocalApi;
let staff: Client;
let id: number;
beforeAll(async () => {
  api = await startApi({ config: { ACCESS_REASON_REQUIRED: ['staff', 'member'] } });
  staff = await api.as('staff');
  id = (await staff.post('/members', aMember())).json<{ id: number }>().id;
});
afterAll(() => api.close());

describe('a role that has to say why', () => {
  it.each([
    ['a record', () => `/members/${id}`],
    ['a list', () => '/members?limit=1'],
    ['an export', () => '/members/export'],
    ['a trail', () => `/members/${id}/audit-trail`],
  ])('is refused %s without a reason, on the record', async (_, path) => {
    const refused = await staff.get(path());
    expect([refused.status, refused.json()['type']]).toEqual([428, '/docs/errors#access.reason-required']);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', outcome: 'denied', notes: 'access.reason-required' });
    const blank = await staff.get(path(), { 'X-Access-Reason': '  ' });
    expect(blank.status).toBe(428);
    await api.expectAudit(blank, { action: 'ACCESS_DENIED' });
    const shown = await staff.get(path(), { 'X-Access-Reason': 'Call about dues' });
    expect(shown.status).toBe(200);
    await api.expectAudit(shown, { reason: 'Call about dues', outcome: 'success' });
  });

  it('is refused every read of the records of others, whichever route shows them', async () => {
    const reads = Object.entries(openApiDocument(api.app).paths).flatMap(([path, methods]) => {
      const operation = (methods as { get?: { operationId: Operation } }).get?.operationId;
      return operation ? [{ operation, path: path.replace('{id}', String(id)).replace('{number}', 'A1') }] : [];
    });
    const free = /^(system|auth|me):|^audit:(checkpoint|consistency)$/;
    const asked = reads.filter(({ operation }) => !free.test(operation) && mayStaff(operation));
    expect(asked.length).toBeGreaterThan(30);
    for (const { operation, path } of asked) {
      for (const method of ['GET', 'HEAD']) {
        const reply = await staff.send(method, path);
        expect([operation, method, reply.status]).toEqual([operation, method, 428]);
        await api.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'access.reason-required', route: operation });
      }
    }
  });

  it.each([
    ['a blank', '\u00c2\u00a0'],
    ['what is invisible', '\u00e2\u0080\u008b'],
    ['a full stop', '.'],
    ['a comma between two of nothing', ', ,'],
  ])('gives no reason by %s', async (_, sent) => {
    const refused = await staff.get(`/members/${id}`, { 'X-Access-Reason': sent });
    expect(refused.status).toBe(428);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', reason: null });
  });

  it('may write it in any script, and 500 characters of it are kept', async () => {
    const shown = await staff.get(`/members/${id}`, {
      'X-Access-Reason': Buffer.from(`質問 ${'é'.repeat(600)}`).toString('latin1'),
    });
    expect(shown.status).toBe(200);
    await api.expectAudit(shown, { action: 'READ', reason: `質問 ${'é'.repeat(497)}` });
  });

  it('sees no record by a change that changes nothing', async () => {
    const { phone } = aMember();
    for (const patch of [{}, { phone: phone ?? null }]) {
      const refused = await staff.patch(`/members/${id}`, patch);
      expect([patch, refused.status, refused.text.includes('Delgado')]).toEqual([patch, 428, false]);
      await api.expectAudit(refused, { action: 'ACCESS_DENIED', notes: 'access.reason-required' });
      const shown = await staff.patch(`/members/${id}`, patch, { 'X-Access-Reason': 'Call about dues' });
      expect(shown.status).toBe(200);
      await api.expectAudit(shown, { action: 'READ', reason: 'Call about dues' });
    }
    const changed = await staff.patch(`/members/${id}`, { city: 'Tacoma' });
    expect(changed.status).toBe(200);
    await api.expectAudit(changed, { action: 'UPDATE', reason: null });
  });

  it('sees no record by repeating its creation', async () => {
    const key = { 'Idempotency-Key': 'intake-17' };
    const member = aMember();
    const created = await staff.post('/members', member, key);
    const repeated = await staff.post('/members', member, key);
    expect([created.status, repeated.status]).toEqual([201, 428]);
    await api.expectAudit(repeated, { action: 'ACCESS_DENIED', notes: 'access.reason-required' });
    const explained = await staff.post('/members', member, { ...key, 'X-Access-Reason': 'The line was lost' });
    expect([explained.status, explained.text]).toEqual([201, created.text]);
  });

  it('reads its own files without one, and not those of others', async () => {
    const admin = await api.as('admin');
    const file = await new Files(api, admin, id).attached();
    const own = await api.as('member', { memberId: id });
    expect((await own.get(`/attachments/${file}/content`)).status).toBe(200);
    expect((await staff.get(`/attachments/${file}/content`)).status).toBe(428);
  });

  it('reads what is its own without one', async () => {
    const own = await api.as('member', { memberId: id });
    for (const path of ['/me', `/members/${id}`, '/auth/me', '/me/access-log']) {
      const reply = await own.get(path);
      expect([path, reply.status]).toEqual([path, 200]);
    }
  });
});

it('is asked of nobody else', async () => {
  const reply = await (await api.as('officer')).get(`/members/${id}`);
  expect(reply.status).toBe(200);
  await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: id });
});

function mayStaff(operation: Operation): boolean {
  const grants: Partial<Record<Role, Scope>> = PERMISSIONS[OPERATIONS[operation] as Permission];
  return grants.staff !== undefined;
}
