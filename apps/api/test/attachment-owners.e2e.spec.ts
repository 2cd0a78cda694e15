import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Records } from '#records';
import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { aPdf, formHeaders, formOf, type Part } from '../../../libs/attachments/src/attachment.factory';
import { Files, ownerParts, upload } from '../../../test/support/files';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { listed, made, madeMember } from '../../../test/support/records';

let api: LocalApi;
let officer: Client;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  [officer, staff] = [await api.as('officer'), await api.as('staff')];
});
afterAll(() => api.close());
afterEach(() => jest.restoreAllMocks());

const removed = [409, 'workflow.not-allowed'];

describe('a removed record', () => {
  it('takes no file, also from those who see it, and gets none back before it is restored', async () => {
    const member = await madeMember(officer);
    const files = new Files(api, officer, member);
    const id = await files.attached();
    await officer.delete(`/attachments/${id}`);
    await officer.delete(`/members/${member}`);
    const before = await files.all();
    const refused = await files.attach(aPdf(), 'late.pdf');
    expect([...codeOf(refused), refused.json()['detail']]).toEqual([
      ...removed,
      'This member was removed; restore it before its files.',
    ]);
    await api.expectAudit(refused, { action: 'READ', tableName: 'members', recordId: member });
    expect(codeOf(await files.attach(aPdf(), 'late.pdf', staff))).toEqual([422, 'reference.missing']);
    expect(codeOf(await officer.post(`/attachments/${id}/restore`))).toEqual(removed);
    expect(await files.all()).toEqual(before);
    await officer.post(`/members/${member}/restore`);
    expect((await officer.post(`/attachments/${id}/restore`)).status).toBe(200);
  });

  it('takes no file that was on its way when it was removed', async () => {
    const member = await madeMember(officer);
    const files = new Files(api, officer, member);
    const hold = jest.spyOn(api.app.get(Records), 'hold');
    const form = await buffer(formOf([...ownerParts(member), ['file', aPdf(200_000), 'slow.pdf']]));
    async function* inTwo() {
      yield form.subarray(0, 100_000);
      await until(() => hold.mock.results.length > 0);
      await hold.mock.results[0]?.value;
      await officer.delete(`/members/${member}`);
      yield form.subarray(100_000);
    }
    const before = await files.all();
    const refused = await officer.post('/attachments', Readable.from(inTwo()), formHeaders);
    expect(codeOf(refused)).toEqual(removed);
    expect(await files.all()).toEqual(before);
    await api.expectAudit(refused, { action: 'READ', tableName: 'members', recordId: member });
  });
});

describe.each(['member', 'organization'])('files about SALTing of a %s', (recordType) => {
  let owner: number;
  let secret: number;
  const parts = (fileCategory: string): Part[] => [
    ['recordType', recordType],
    ['recordId', owner],
    ['fileCategory', fileCategory],
    ['file', aPdf(), `${fileCategory}.pdf`],
  ];
  const attach = async (fileCategory: string) => (await upload(officer, parts(fileCategory))).json<{ id: number }>().id;
  beforeAll(async () => {
    owner =
      recordType === 'member'
        ? await madeMember(officer)
        : (await made(officer, '/organizations', anOrganization())).id;
    secret = await attach('salting');
  });

  it('are there for those who may read about SALTing', async () => {
    const organizer = await api.as('organizer');
    for (const reader of [officer, organizer]) {
      expect(await listed(reader, `/attachments?recordType=${recordType}&recordId=${owner}`)).toContain(secret);
      expect((await reader.get(`/attachments/${secret}/content`)).status).toBe(200);
    }
    const reply = await organizer.get(`/attachments/${secret}`);
    expect(reply.json()).toMatchObject({ fileCategory: 'salting' });
    await api.expectAudit(reply, { action: 'READ', tableName: 'file_attachments', recordId: secret });
  });

  it('are not there for others who read the record: no list, no count, no content, no change', async () => {
    const open = await attach('correspondence');
    const list = `/attachments?recordType=${recordType}&recordId=${owner}`;
    const readers = [staff, ...(recordType === 'member' ? [await api.as('member', { memberId: owner })] : [])];
    for (const reader of readers) {
      const page = await reader.get(`${list}&count=true`);
      const { items, total } = page.json<{ items: { id: number }[]; total: number }>();
      expect([items.map(({ id }) => id), total]).toEqual([[open], 1]);
      const filtered = (await reader.get(`${list}&fileCategory=salting&count=true`)).json();
      expect(filtered).toEqual({ items: [], nextCursor: null, total: 0 });
      for (const path of [`/attachments/${secret}`, `/attachments/${secret}/content`]) {
        const reply = await reader.get(path);
        expect(codeOf(reply)).toEqual([404, 'record.not-found']);
        await api.expectAudit(reply, { action: 'ACCESS_DENIED', recordId: secret });
      }
    }
    expect(codeOf(await staff.patch(`/attachments/${secret}`, { description: 'x' }))).toEqual([
      404,
      'record.not-found',
    ]);
    expect(codeOf(await staff.delete(`/attachments/${secret}`))).toEqual([404, 'record.not-found']);
    expect((await officer.get(`/attachments/${secret}`)).status).toBe(200);
    await officer.delete(`/attachments/${secret}`);
    expect(codeOf(await staff.post(`/attachments/${secret}/restore`))).toEqual([404, 'record.not-found']);
    await officer.post(`/attachments/${secret}/restore`);
  });

  it('are not filed by those who could not read them back', async () => {
    const refused = await upload(staff, parts('salting'));
    expect(codeOf(refused)).toEqual([403, 'access.field-denied']);
    expect(refused.json()['errors']).toMatchObject([{ pointer: '/fileCategory' }]);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', tableName: 'file_attachments' });
    const open = await attach('general');
    expect(codeOf(await staff.patch(`/attachments/${open}`, { fileCategory: 'salting' }))).toEqual([
      403,
      'access.field-denied',
    ]);
  });
});
