import { unlinkSync, writeFileSync } from 'node:fs';
import { aPdf } from '../../../libs/attachments/src/attachment.factory';
import { Files, sha256 } from '../../../test/support/files';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

interface Page {
  items: { id: number; fileName: string }[];
  nextCursor: string | null;
}

let api: LocalApi;
let staff: Client;
let own: number;
let other: number;
let files: Files;

beforeAll(async () => {
  api = await startApi();
  [own = 0, other = 0] = await seedMembers(api.database, 2);
  staff = await api.as('staff');
  files = new Files(api, staff, own);
});
afterAll(() => api.close());

describe('a download', () => {
  it('is the file as it was sent, to be saved, under its name, and on record', async () => {
    const content = aPdf(300_000);
    const id = await files.attached('Été 1%(a).pdf', content);
    const message = await staff.open('GET', `/attachments/${id}/content`);
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(content));
    expect([message.statusCode, message.headers]).toEqual([
      200,
      expect.objectContaining({
        'content-type': 'application/pdf',
        'content-length': '300000',
        'content-disposition': `attachment; filename="_t_ 1_(a).pdf"; filename*=UTF-8''%C3%89t%C3%A9%201%25%28a%29.pdf`,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      }) as object,
    ]);
    await api.expectAudit(
      { requestId: String(message.headers['x-request-id']) },
      { action: 'READ', tableName: 'file_attachments', recordId: id, route: 'attachments:content', notes: 'content' },
    );
  });

  it('is not given where it can not be recorded', async () => {
    const id = await files.attached();
    await api.query(`REVOKE INSERT ON audit_logs FROM ip2a_owner`);
    const reply = await staff.get(`/attachments/${id}/content`);
    await api.query(`GRANT INSERT ON audit_logs TO ip2a_owner`);
    expect(codeOf(reply)).toEqual([503, 'audit.unavailable']);
    expect(reply.headers['content-disposition']).toBeUndefined();
  });

  it.each([
    ['changed', (content: Buffer) => Buffer.concat([content.subarray(0, -1), Buffer.from('!')])],
    ['cut', (content: Buffer) => content.subarray(0, -1)],
    ['longer', (content: Buffer) => Buffer.concat([content, Buffer.from('!')])],
  ])('breaks off where the content was %s', async (_how, spoil) => {
    const content = aPdf(200_000);
    const id = await files.attached('spoilt.pdf', content);
    writeFileSync(await files.pathOf(id), spoil(content));
    await expect(staff.get(`/attachments/${id}/content`)).rejects.toThrow(/aborted|hang up|terminated|closed/);
  });

  it('has an error of its own where the content is missing', async () => {
    const id = await files.attached();
    unlinkSync(await files.pathOf(id));
    const reply = await staff.get(`/attachments/${id}/content`);
    expect(codeOf(reply)).toEqual([404, 'attachments.content-missing']);
    await api.expectAudit(reply, { action: 'READ', tableName: 'file_attachments', recordId: id });
  });
});

describe('attachments', () => {
  it('are listed by their record, page by page, on record', async () => {
    const [member = 0] = await api
      .query<{ id: number }>(
        `INSERT INTO members (member_number, first_name, last_name, classification)
        VALUES ('L1', 'A', 'B', 'foreman') RETURNING id`,
      )
      .then((found) => found.map(({ id }) => id));
    const ids: number[] = [];
    for (const name of ['c.pdf', 'a.pdf', 'b.pdf']) {
      ids.push((await files.attach(aPdf(), name, staff, member)).json<{ id: number }>().id);
    }
    const list = `/attachments?recordType=member&recordId=${member}&sort=fileName&limit=2`;
    const first = await staff.get(list);
    const { items, nextCursor } = first.json<Page>();
    expect(items.map(({ fileName }) => fileName)).toEqual(['a.pdf', 'b.pdf']);
    const second = (await staff.get(`${list}&cursor=${nextCursor}`)).json<Page>();
    expect([second.items.map(({ fileName }) => fileName), second.nextCursor]).toEqual([['c.pdf'], null]);
    await api.expectAudit(first, {
      action: 'BULK_READ',
      tableName: 'file_attachments',
      recordIds: items.map(({ id }) => id),
    });
    expect((await staff.get('/attachments?recordType=member')).status).toBe(422);
    expect((await staff.get('/attachments')).status).toBe(422);
  });

  it('are described anew, but only within their record’s categories', async () => {
    const id = await files.attached();
    const reply = await staff.patch(`/attachments/${id}`, { fileCategory: 'discipline', description: 'Second copy' });
    expect([reply.status, reply.json()]).toEqual([
      200,
      expect.objectContaining({ fileCategory: 'discipline', description: 'Second copy' }) as object,
    ]);
    await api.expectAudit(reply, {
      action: 'UPDATE',
      recordId: id,
      changedFields: expect.arrayContaining(['file_category', 'description']) as string[],
    });
    expect((await staff.patch(`/attachments/${id}`, { fileCategory: 'contracts' })).status).toBe(422);
    expect((await staff.patch(`/attachments/${id}`, { fileName: 'b.pdf' })).status).toBe(422);
    expect((await staff.patch(`/attachments/${id}`, { description: null }, { 'If-Match': '"1"' })).status).toBe(412);
  });

  it('are removed and restored with their content', async () => {
    const content = aPdf();
    const id = await files.attached('kept.pdf', content);
    const removed = await staff.delete(`/attachments/${id}`);
    expect(removed.status).toBe(204);
    await api.expectAudit(removed, { action: 'DELETE', tableName: 'file_attachments', recordId: id });
    expect((await staff.get(`/attachments/${id}`)).status).toBe(404);
    expect((await staff.get(`/attachments/${id}/content`)).status).toBe(404);
    const restored = await staff.post(`/attachments/${id}/restore`);
    expect(restored.status).toBe(200);
    await api.expectAudit(restored, { action: 'RESTORE', tableName: 'file_attachments', recordId: id });
    expect((await staff.get(`/attachments/${id}/content`)).headers['content-length']).toBe(String(content.length));
    expect(codeOf(await staff.post(`/attachments/${id}/restore`))).toEqual([409, 'record.not-deleted']);
  });
});

describe('a member', () => {
  let member: Client;
  let mine: number;
  let theirs: number;
  beforeAll(async () => {
    member = await api.as('member', { memberId: own });
    mine = await files.attached('mine.pdf');
    theirs = (await files.attach(aPdf(), 'theirs.pdf', staff, other)).json<{ id: number }>().id;
  });

  it('reads and downloads the files of their own record', async () => {
    const list = await member.get(`/attachments?recordType=member&recordId=${own}&limit=200`);
    expect(list.json<{ items: { id: number }[] }>().items.map(({ id }) => id)).toContain(mine);
    expect((await member.get(`/attachments/${mine}`)).json()).toMatchObject({ id: mine, recordId: own });
    const reply = await member.get(`/attachments/${mine}/content`);
    expect(reply.status).toBe(200);
    await api.expectAudit(reply, { action: 'READ', recordId: mine, changedBy: member.account.id, notes: 'content' });
  });

  it('is told nothing of other people’s, on record', async () => {
    const absent = 2_147_483_647;
    const told = async (id: number) => {
      const replies = [await member.get(`/attachments/${id}`), await member.get(`/attachments/${id}/content`)];
      return replies.map((reply) => ({ code: codeOf(reply), detail: reply.json()['detail'] }));
    };
    expect(await told(theirs)).toEqual(await told(absent));
    const reply = await member.get(`/attachments/${theirs}/content`);
    expect(codeOf(reply)).toEqual([404, 'record.not-found']);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', tableName: 'file_attachments', recordId: theirs });
    const list = await member.get(`/attachments?recordType=member&recordId=${other}`);
    expect(codeOf(list)).toEqual([404, 'record.not-found']);
  });

  it('changes none, not even of their own record', async () => {
    const before = await files.all();
    const replies = [
      await files.attach(aPdf(), 'a.pdf', member),
      await member.patch(`/attachments/${mine}`, { description: 'x' }),
      await member.delete(`/attachments/${mine}`),
      await member.post(`/attachments/${mine}/restore`),
    ];
    expect(replies.map(codeOf)).toEqual(Array(4).fill([403, 'access.denied']));
    expect(await files.all()).toEqual(before);
  });
});

it('lets organizers read and not write', async () => {
  const organizer = await api.as('organizer');
  const id = await files.attached();
  expect((await organizer.get(`/attachments/${id}/content`)).status).toBe(200);
  const reply = await organizer.delete(`/attachments/${id}`);
  expect(codeOf(reply)).toEqual([403, 'access.denied']);
  await api.expectAudit(reply, { action: 'ACCESS_DENIED' });
  expect(codeOf(await files.attach(aPdf(), 'a.pdf', organizer))).toEqual([403, 'access.denied']);
});
