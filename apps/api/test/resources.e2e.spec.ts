import { parse } from 'csv-parse/sync';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { exampleOf } from '../../../test/support/examples';
import { listed, made, madeEmployer, madeMember } from '../../../test/support/records';
import { declaredResources, isSoft, tableOf } from '../../../test/support/resources';

let api: LocalApi;
let admin: Client;
let employer: number;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
  employer = await madeEmployer(admin);
});
afterAll(() => api.close());

interface Case {
  patch: Record<string, unknown>;
  /** Filters that find a record just created, and ones that find none of them. */
  finds: string[];
  misses: string[];
  /** The ledger keeps this of a record that was removed for good. */
  lost?: object;
}

/** Resources that are not asked the same as the others, each with its reason. */
const exceptions: Record<string, string> = {
  members: 'have specs of their own: members, member-lists, export',
  'benevolence-reviews': 'are neither changed nor removed: benevolence.e2e.spec.ts',
  'legal-holds': 'are released and never removed: retention.e2e.spec.ts',
  'break-glass-reviews': 'are begun by the server and closed: break-glass.e2e.spec.ts',
  registrations: 'are begun by members and confirmed: recovery.e2e.spec.ts',
  archives: 'are made by the archiver: archive.e2e.spec.ts',
};

/** How a record of each other resource changes and is found. */
const cases: Record<string, Case> = {
  organizations: {
    patch: { city: 'Elsewhere' },
    finds: ['q=harbor', 'q=arbor%20el', 'orgType=employer'],
    misses: ['q=zz', 'orgType=jatc'],
  },
  'organization-contacts': {
    patch: { title: 'Foreman', email: null },
    finds: ['q=reyes', 'primary=false'],
    misses: ['q=arbor', 'primary=true', 'organizationId=2147483647'],
  },
  'member-employments': {
    patch: { jobTitle: 'Foreman', hourlyRate: '60' },
    finds: ['current=true', 'from=2030-01-01', 'to=2024-03-01'],
    misses: ['current=false', 'to=2024-02-29', 'organizationId=2147483647', 'memberId=2147483647'],
    lost: { job_title: 'Wireman', hourly_rate: 52.75 },
  },
  students: {
    patch: { cohort: '2027-Fall', notes: null },
    finds: ['status=enrolled', 'cohort=2026-Spring'],
    misses: ['status=dropped', 'cohort=2026', 'memberId=2147483647'],
  },
  'salting-activities': {
    patch: { outcome: 'positive', cardsSigned: 12 },
    finds: ['outcome=open', 'activityType=leafleting', 'from=2026-04-17&to=2026-04-17'],
    misses: [
      'outcome=positive',
      'activityType=meeting',
      'from=2026-04-18',
      'to=2026-04-16',
      'organizationId=2147483647',
      'memberId=2147483647',
    ],
  },
  'benevolence-applications': {
    patch: { amountRequested: '0.10', notes: 'Called.' },
    finds: ['status=draft', 'reason=medical', 'from=2026-02-02&to=2026-02-02'],
    misses: ['status=paid', 'reason=other', 'from=2026-02-03', 'to=2026-02-01', 'memberId=2147483647'],
  },
  grievances: {
    patch: { status: 'investigation', contractArticle: 'Art. 1' },
    finds: ['status=open', 'currentStep=step_1', 'from=2026-05-04&to=2026-05-04'],
    misses: [
      'status=closed',
      'currentStep=arbitration',
      'from=2026-05-05',
      'assignedRepId=2147483647',
      'memberId=2147483647',
      'employerId=2147483647',
    ],
  },
  'retention-policies': {
    patch: { years: 12 },
    finds: ['tableName=members'],
    misses: ['tableName=students', 'framework=None'],
    lost: { table_name: 'members', years: 10 },
  },
};

const tested = declaredResources.filter(({ name }) => name in cases);

it('has a case or a reason for every resource, and for nothing else', () => {
  expect([...Object.keys(cases), ...Object.keys(exceptions)].sort()).toEqual(
    declaredResources.map(({ name }) => name).sort(),
  );
});

describe.each(tested)('$name', ({ name, resource, filters }) => {
  const { patch, finds, misses, lost } = cases[name] as Case;
  const [path, table, sorts] = [`/${name}`, tableOf(resource), Object.keys(resource.sorts)];
  const build = async () => exampleOf(name, { member: await madeMember(admin), organization: employer }, admin);
  const create = async () => made(admin, path, await build());

  it('keeps what is sent, shows it again and records each step', async () => {
    const body = await build();
    const created = await admin.post(path, body, { 'X-Access-Reason': 'Intake' });
    const { id } = created.json<{ id: number }>();
    expect([created.status, created.headers.location]).toEqual([201, `/api/v1${path}/${id}`]);
    expect(created.json()).toMatchObject(body);
    await api.expectAudit(created, { action: 'CREATE', tableName: table, recordId: id, reason: 'Intake' });

    const read = await admin.get(`${path}/${id}`);
    expect([read.status, read.text, read.headers.etag]).toEqual([200, created.text, created.headers.etag]);
    expect(read.headers['cache-control']).toBe('no-store');
    await api.expectAudit(read, { action: 'READ', tableName: table, recordId: id });

    const version = { 'If-Match': String(read.headers.etag) };
    const changed = await admin.patch(`${path}/${id}`, patch, version);
    expect(changed.status).toBe(200);
    await api.expectAudit(changed, { action: 'UPDATE', tableName: table, recordId: id });
    expect(codeOf(await admin.patch(`${path}/${id}`, patch, version))).toEqual([412, 'record.stale-version']);
    expect(codeOf(await admin.patch(`${path}/${id}`, { nonsense: 1 }))).toEqual([422, 'request.invalid']);
    expect(codeOf(await admin.patch(`${path}/${id}`, { id: 1 }))).toEqual([422, 'request.invalid']);

    const trail = await admin.get(`${path}/${id}/audit-trail`);
    const actions = trail.json<{ items: { action: string }[] }>().items.map(({ action }) => action);
    // A refused version told the client that the record has another one.
    expect(actions).toEqual(['READ', 'UPDATE', 'READ', 'CREATE']);
    await api.expectAudit(trail, { action: 'READ', tableName: table, recordId: id, notes: 'audit trail' });
  });

  it('removes, and restores what is removed softly', async () => {
    const { id } = await create();
    const removed = await admin.delete(`${path}/${id}`);
    expect(removed.status).toBe(204);
    await api.expectAudit(removed, { action: 'DELETE', tableName: table, recordId: id });
    expect(codeOf(await admin.get(`${path}/${id}`))).toEqual([404, 'record.not-found']);
    expect(codeOf(await admin.patch(`${path}/${id}`, patch))).toEqual([404, 'record.not-found']);
    expect(await listed(admin, path)).not.toContain(id);
    expect((await admin.get(`${path}/${id}/audit-trail`)).status).toBe(200);
    if (!isSoft(resource)) {
      const [entry] = await api.entries({ requestId: removed.requestId });
      expect(entry?.oldValues).toMatchObject({ id, ...lost });
      expect((await admin.post(`${path}/${id}/restore`)).status).toBe(404);
      return;
    }
    expect(await listed(admin, `${path}?deleted=only`)).toContain(id);
    expect(codeOf(await (await api.as('staff')).get(`${path}?deleted=only`))).toEqual([403, 'access.denied']);
    const restored = await admin.post(`${path}/${id}/restore`);
    expect(restored.json()).toMatchObject({ id, deletedAt: null });
    await api.expectAudit(restored, { action: 'RESTORE', tableName: table, recordId: id });
    expect(codeOf(await admin.post(`${path}/${id}/restore`))).toEqual([409, 'record.not-deleted']);
  });

  it('has an example of each filter', () => {
    const asked = [...finds, ...misses].flatMap((filter) => [...new URLSearchParams(filter).keys()]);
    expect(Object.keys(filters).filter((filter) => !asked.includes(filter))).toEqual([]);
  });

  it('finds by filters, pages in every order without loss or repetition, and exports the same', async () => {
    const before = new Set(await listed(admin, path));
    const ids: number[] = [];
    for (let count = 0; count < 5; count += 1) ids.push((await create()).id);
    const isNew = (id: number) => !before.has(id);
    for (const filter of finds) {
      expect([filter, (await listed(admin, `${path}?${filter}`, 2)).filter(isNew).sort((a, b) => a - b)]).toEqual([
        filter,
        ids,
      ]);
      const list = await admin.get(`${path}?count=true&limit=200&${filter}`);
      const { items, total } = list.json<{ items: { id: number }[]; total: number }>();
      expect([filter, total]).toEqual([filter, items.length]);
      await api.expectAudit(list, { action: 'BULK_READ', tableName: table, recordIds: items.map(({ id }) => id) });
      const exported = await admin.get(`${path}/export?${filter}`);
      const rows = parse(exported.text, { columns: true, bom: true }) as unknown as { id: string }[];
      const exportedIds = rows.map(({ id }) => Number(id));
      expect(exportedIds).toEqual(items.map(({ id }) => id).sort((a, b) => a - b));
      await api.expectAudit(exported, { action: 'EXPORT', tableName: table, recordIds: exportedIds });
    }
    for (const filter of misses) {
      expect([filter, (await listed(admin, `${path}?${filter}`)).filter(isNew)]).toEqual([filter, []]);
    }
    for (const sort of sorts) {
      for (const order of [sort, `-${sort}`, `${sort},-id`]) {
        const all = await listed(admin, `${path}?sort=${order}`, 200);
        expect([order, await listed(admin, `${path}?sort=${order}`, 2)]).toEqual([order, all]);
        expect(new Set(all).size).toBe(all.length);
      }
    }
    expect((await admin.get(`${path}?sort=nonsense`)).status).toBe(422);
    expect((await admin.get(`${path}?nonsense=1`)).status).toBe(422);
  });

  it('creates once under one idempotency key, at once or again', async () => {
    const body = await build();
    const key = { 'Idempotency-Key': `once ${path}`.replaceAll(/\W/g, '-') };
    const replies = await Promise.all(Array.from({ length: 5 }, () => admin.post(path, body, key)));
    expect(replies.map(({ status }) => status)).toEqual(Array(5).fill(201));
    expect(new Set(replies.map((reply) => reply.json<{ id: number }>().id)).size).toBe(1);
    expect(codeOf(await admin.post(path, { ...body, ...patch }, key))[0]).toBe(422);
  });
});
