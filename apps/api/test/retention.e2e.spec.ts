import { aHold, aPolicy } from '../../../libs/retention/src/retention.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { listed, made, type Shown } from '../../../test/support/records';

let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
});
afterAll(() => api.close());

/** The pointers of a 422. */
const pointersOf = (reply: { json: <T>() => T }) =>
  reply.json<{ errors?: { pointer: string }[] }>().errors?.map(({ pointer }) => pointer);

describe('a legal hold', () => {
  it('is placed, read and amended by administrators, each step on record', async () => {
    const hold = aHold({ recordId: 17, heldFrom: '2026-01-01T02:00:00+02:00', heldTo: '2026-07-01T00:00:00Z' });
    const placed = await admin.post('/legal-holds', hold, { 'X-Access-Reason': 'Letter of counsel' });
    const { id } = placed.json<Shown>();
    expect([placed.status, placed.headers.location]).toEqual([201, `/api/v1/legal-holds/${id}`]);
    expect(placed.json()).toMatchObject({
      ...hold,
      heldFrom: '2026-01-01T00:00:00.000000Z',
      heldTo: '2026-07-01T00:00:00.000000Z',
      userId: null,
      placedBy: admin.account.id,
      releasedBy: null,
      releasedAt: null,
      releaseReason: null,
    });
    const entry = { tableName: 'legal_holds', recordId: id };
    await api.expectAudit(placed, { ...entry, action: 'CREATE', reason: 'Letter of counsel' });
    const read = await admin.get(`/legal-holds/${id}`);
    expect(read.json()).toEqual(placed.json());
    await api.expectAudit(read, { ...entry, action: 'READ' });

    const version = { 'If-Match': String(read.headers.etag) };
    const amended = await admin.patch(`/legal-holds/${id}`, { recordId: null, heldTo: null }, version);
    expect(amended.json()).toMatchObject({ recordId: null, heldTo: null, tableName: 'grievances' });
    await api.expectAudit(amended, { ...entry, action: 'UPDATE', changedFields: ['held_to', 'record_id'] });
    expect(codeOf(await admin.patch(`/legal-holds/${id}`, { reason: 'x' }, version))).toEqual([
      412,
      'record.stale-version',
    ]);
    const trail = (await admin.get(`/legal-holds/${id}/audit-trail`)).json<{ items: { action: string }[] }>();
    expect(trail.items.map(({ action }) => action)).toEqual(['READ', 'UPDATE', 'READ', 'CREATE']);
  });

  it('says what it holds: a table, a record of it, a user, a time, all at once, or everything', async () => {
    const { id: removed } = await api.account(['staff']);
    await admin.delete(`/users/${removed}`);
    for (const conditions of [
      { tableName: 'audit_logs', recordId: 5 },
      { tableName: null, userId: removed },
      { tableName: undefined, heldFrom: '2026-01-01T00:00:00Z' },
      { tableName: undefined, heldTo: '2026-01-01T00:00:00Z' },
      { userId: removed, heldFrom: '2026-01-01T00:00:00Z', heldTo: '2026-01-01T00:00:00.001Z' },
      { tableName: null, everything: true },
    ]) {
      const reply = await admin.post('/legal-holds', aHold(conditions));
      expect([conditions, reply.status]).toEqual([conditions, 201]);
    }
    for (const [conditions, code, pointer] of [
      [{ tableName: undefined }, 'request.invalid', '/everything'],
      [{ everything: true }, 'request.invalid', '/everything'],
      [{ tableName: undefined, userId: removed, recordId: 17 }, 'request.invalid', '/tableName'],
      [{ tableName: 'member' }, 'request.invalid', '/tableName'],
      [{ tableName: '*' }, 'request.invalid', '/tableName'],
      [{ tableName: 'idempotency_keys' }, 'request.invalid', '/tableName'],
      [{ userId: 2_000_000_000 }, 'reference.missing', '/userId'],
      [{ heldFrom: '2026-01-01T00:00:00Z', heldTo: '2026-01-01T00:00:00Z' }, 'request.invalid', '/heldTo'],
      [{ heldFrom: '2026-01-01T00:00:00Z', heldTo: '2026-01-01T01:00:00+02:00' }, 'request.invalid', '/heldTo'],
      [{ reason: ' ' }, 'request.invalid', '/reason'],
      [{ matter: 'x'.repeat(201) }, 'request.invalid', '/matter'],
      [{ placedBy: 1 }, 'request.invalid', '/placedBy'],
    ] as const) {
      const reply = await admin.post('/legal-holds', { ...aHold(), ...conditions });
      expect([conditions, ...codeOf(reply), pointersOf(reply)]).toEqual([conditions, 422, code, [pointer]]);
    }
  });

  it('is amended to what it could have been placed as, and to nothing else', async () => {
    const path = `/legal-holds/${(await made(admin, '/legal-holds', aHold({ recordId: 17 }))).id}`;
    for (const [patch, pointer] of [
      [{ tableName: null }, '/tableName'],
      [{ tableName: null, recordId: null }, '/everything'],
      [{ everything: true }, '/everything'],
      [{ tableName: 'grievance' }, '/tableName'],
      [{ userId: 2_000_000_000 }, '/userId'],
      [{ heldFrom: '2026-01-02T00:00:00Z', heldTo: '2026-01-01T00:00:00Z' }, '/heldTo'],
    ] as const) {
      const reply = await admin.patch(path, patch);
      expect([patch, reply.status, pointersOf(reply)]).toEqual([patch, 422, [pointer]]);
    }
    const widened = await admin.patch(path, { tableName: null, recordId: null, everything: true });
    expect(widened.json()).toMatchObject({ tableName: null, everything: true });
    await admin.patch(path, { everything: false, heldFrom: '2026-01-02T00:00:00Z' });
    expect((await admin.patch(path, { heldTo: '2026-01-01T00:00:00Z' })).status).toBe(422);
    expect((await admin.get(path)).json()).toMatchObject({ heldFrom: '2026-01-02T00:00:00.000000Z', heldTo: null });
  });

  it('is released once, for a reason, and stays as it was', async () => {
    const { id } = await made(admin, '/legal-holds', aHold());
    const path = `/legal-holds/${id}`;
    for (const body of [{}, { reason: ' ' }, { reason: 'x'.repeat(2_001) }, { reason: 'x', releasedBy: 1 }]) {
      expect((await admin.post(`${path}/release`, body)).status).toBe(422);
    }
    const stale = await admin.post(`${path}/release`, { reason: 'Settled.' }, { 'If-Match': '"1"' });
    expect(codeOf(stale)).toEqual([412, 'record.stale-version']);
    const other = await api.somebody(['admin']);
    const released = await other.post(`${path}/release`, { reason: 'Settled.' });
    expect(released.status).toBe(200);
    expect(released.json()).toMatchObject({ releasedBy: other.account.id, releaseReason: 'Settled.' });
    expect(released.json()['releasedAt']).not.toBeNull();
    await api.expectAudit(released, { action: 'UPDATE', tableName: 'legal_holds', recordId: id });

    const reason = { 'X-Access-Reason': 'Once more' };
    for (const reply of [
      await admin.post(`${path}/release`, { reason: 'Not so.' }),
      await admin.patch(path, { matter: 'Another' }),
      await admin.delete(path, reason),
    ]) {
      expect(codeOf(reply)).toEqual([409, 'workflow.not-allowed']);
    }
    expect((await admin.get(path)).json()).toEqual(released.json());
  });

  it('is released once, also where several do it at the same time', async () => {
    const { id } = await made(admin, '/legal-holds', aHold());
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => admin.post(`/legal-holds/${id}/release`, { reason: 'Settled.' })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  });

  it('leaves its trace where somebody deletes it: that is its release, and takes a reason', async () => {
    const { id } = await made(admin, '/legal-holds', aHold());
    const path = `/legal-holds/${id}`;
    const mute = await admin.delete(path);
    expect([...codeOf(mute), pointersOf(mute)]).toEqual([422, 'request.invalid', ['/X-Access-Reason']]);
    const stale = await admin.delete(path, { 'X-Access-Reason': 'Settled', 'If-Match': '"1"' });
    expect(stale.status).toBe(412);
    const removed = await admin.delete(path, { 'X-Access-Reason': 'Settled' });
    expect([removed.status, removed.text]).toEqual([204, '']);
    await api.expectAudit(removed, { action: 'UPDATE', tableName: 'legal_holds', recordId: id, reason: 'Settled' });
    expect((await admin.get(path)).json()).toMatchObject({
      releasedBy: admin.account.id,
      releaseReason: 'Settled',
    });
    expect((await admin.delete('/legal-holds/2000000000', { 'X-Access-Reason': 'Settled' })).status).toBe(404);
  });

  it('is found by whether it is in force, by table and by user', async () => {
    const userId = (await api.as('officer')).account.id;
    const active = (await made(admin, '/legal-holds', aHold({ userId }))).id;
    const released = (await made(admin, '/legal-holds', aHold({ userId }))).id;
    await admin.post(`/legal-holds/${released}/release`, { reason: 'Settled.' });
    const own = `/legal-holds?userId=${userId}&sort=-placedAt,-id`;
    expect(await listed(admin, own, 1)).toEqual([released, active]);
    expect(await listed(admin, `${own}&status=active`)).toEqual([active]);
    expect(await listed(admin, `${own}&status=released&tableName=grievances`)).toEqual([released]);
    expect(await listed(admin, `${own}&tableName=members`)).toEqual([]);
    const exported = await admin.get(`/legal-holds/export?userId=${userId}`);
    await api.expectAudit(exported, { action: 'EXPORT', recordIds: [active, released] });
  });
});

describe('a retention policy', () => {
  it('is made, changed and removed by administrators, each step on record', async () => {
    const created = await admin.post('/retention-policies', aPolicy());
    const { id } = created.json<Shown>();
    const path = `/retention-policies/${id}`;
    const entry = { tableName: 'retention_policies', recordId: id };
    expect([created.status, created.headers.location]).toEqual([201, `/api/v1${path}`]);
    expect(created.json()).toMatchObject(aPolicy());
    await api.expectAudit(created, { ...entry, action: 'CREATE' });
    const changed = await admin.patch(path, { years: 12 });
    expect(changed.json()).toMatchObject(aPolicy({ years: 12 }));
    await api.expectAudit(changed, {
      ...entry,
      action: 'UPDATE',
      oldValues: { years: 10 },
      newValues: { years: 12 },
    });
    const read = await admin.get(path);
    expect(read.json()).toEqual(changed.json());
    const removed = await admin.delete(path, { 'If-Match': String(read.headers.etag) });
    expect(removed.status).toBe(204);
    await api.expectAudit(removed, { ...entry, action: 'DELETE' });
    expect(codeOf(await admin.get(path))).toEqual([404, 'record.not-found']);
    expect((await admin.get(`${path}/audit-trail`)).status).toBe(200);
  });

  it('is one for a table and a framework, from 1 to 100 years, for a table that is on record or for all', async () => {
    const { id } = await made(admin, '/retention-policies', aPolicy({ framework: 'Board', tableName: '*' }));
    const twice = await admin.post('/retention-policies', aPolicy({ framework: 'Board', tableName: '*' }));
    expect([...codeOf(twice), pointersOf(twice)]).toEqual([409, 'record.duplicate', ['/tableName', '/framework']]);
    for (const [field, value] of [
      ['tableName', 'member'],
      ['tableName', 'idempotency_keys'],
      ['years', 0],
      ['years', 101],
      ['years', 1.5],
      ['framework', 'x'.repeat(51)],
      ['source', ' '],
    ] as const) {
      for (const reply of [
        await admin.post('/retention-policies', { ...aPolicy({ framework: 'Other' }), [field]: value }),
        await admin.patch(`/retention-policies/${id}`, { [field]: value }),
      ]) {
        expect([field, value, reply.status, pointersOf(reply)]).toEqual([field, value, 422, [`/${field}`]]);
      }
    }
  });

  it('is there from the beginning where law or standard asks for one, and is found by table and framework', async () => {
    const { items } = (await admin.get('/retention-policies?tableName=benevolence_applications&sort=-years')).json<{
      items: Shown[];
    }>();
    expect(items.map(({ framework, years }) => [framework, years])).toEqual([
      ['SOX', 7],
      ['HIPAA', 6],
    ]);
    expect(await listed(admin, '/retention-policies?framework=LMRDA&sort=tableName', 1)).toHaveLength(4);
  });
});

it('is no business of anybody else', async () => {
  const hold = (await made(admin, '/legal-holds', aHold())).id;
  const [policy] = await listed(admin, '/retention-policies');
  for (const role of ['officer', 'staff', 'organizer', 'instructor', 'member'] as const) {
    const client = await api.as(role);
    const replies = [
      await client.get('/legal-holds'),
      await client.get(`/legal-holds/${hold}`),
      await client.post('/legal-holds', aHold()),
      await client.patch(`/legal-holds/${hold}`, { matter: 'Mine' }),
      await client.post(`/legal-holds/${hold}/release`, { reason: 'Settled.' }),
      await client.delete(`/legal-holds/${hold}`, { 'X-Access-Reason': 'Settled' }),
      await client.get('/retention-policies'),
      await client.patch(`/retention-policies/${policy}`, { years: 1 }),
      await client.delete(`/retention-policies/${policy}`),
    ];
    expect([role, replies.map(({ status }) => status)]).toEqual([role, replies.map(() => 403)]);
    for (const reply of replies) await api.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'access.denied' });
  }
  expect((await admin.get(`/legal-holds/${hold}`)).json()).toMatchObject({ releasedAt: null });
});
