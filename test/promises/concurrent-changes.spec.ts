import { aMember } from '../../libs/members/src/member.factory';
import { startApi, type LocalApi } from '../support/harness';
import { inParallel } from '../support/load';
import { tries } from '../support/soak';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const width = 12;

async function createMember(): Promise<{ id: number; version: string }> {
  const staff = await api.as('staff');
  const reply = await staff.post('/members', aMember({ phone: 'in the beginning' }));
  return { id: reply.json<{ id: number }>().id, version: String(reply.headers.etag) };
}

describe('changes of one record at once', () => {
  it('leave a history in which each old value is the new value before it, and the last one is the row', async () => {
    const { id } = await createMember();
    const clients = [await api.as('staff'), await api.as('officer'), await api.as('admin')];
    const replies = await inParallel(5 * width, width, (index) =>
      clients[index % 3]!.patch(`/members/${id}`, { phone: `call ${index}`, city: `city ${index % 2}` }),
    );
    expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 200));

    const history = await api.entries({ tableName: 'members', recordId: id });
    expect(history.map((entry) => entry.action)).toEqual(['CREATE', ...replies.map(() => 'UPDATE')]);
    const row: Record<string, unknown> = { ...history[0]?.newValues };
    for (const { oldValues, newValues, changedFields } of history.slice(1)) {
      expect(oldValues).toEqual(Object.fromEntries(changedFields!.map((field) => [field, row[field]])));
      expect(Object.keys(newValues!).sort()).toEqual(changedFields);
      Object.assign(row, newValues);
    }
    const [now] = await api.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(m) - '{audit_ref,updated_at}'::text[] AS row FROM members m WHERE id = $1`,
      [id],
    );
    expect(now?.row).toEqual(row);
    expect(history.map((entry) => entry.changedAt)).toEqual(history.map((entry) => entry.changedAt).sort());
  });

  it('let exactly one of those win that were made on the same version', async () => {
    const { id, version } = await createMember();
    const staff = await api.as('staff');
    const replies = await inParallel(width, width, (index) =>
      staff.patch(`/members/${id}`, { phone: `call ${index}` }, { 'If-Match': version }),
    );
    const won = replies.filter((reply) => reply.status === 200);
    expect(won).toHaveLength(1);
    expect(replies.filter((reply) => reply.status === 412)).toHaveLength(width - 1);
    expect(await api.entries({ tableName: 'members', recordId: id, action: 'UPDATE' })).toEqual([
      expect.objectContaining({ requestId: won[0]?.requestId, newValues: { phone: won[0]?.json()['phone'] } }),
    ]);
  });

  it('remove a record once', async () => {
    const { id } = await createMember();
    const staff = await api.as('staff');
    const replies = await inParallel(width, width, () => staff.delete(`/members/${id}`));
    expect(replies.map((reply) => reply.status).sort()).toEqual([204, ...Array<number>(width - 1).fill(404)]);
    expect(await api.entries({ tableName: 'members', recordId: id, action: 'DELETE' })).toHaveLength(1);
  });

  it('are acknowledged to exactly those who made them, while the record comes and goes', async () => {
    const { id } = await createMember();
    const staff = await api.as('staff');
    const replies = await inParallel(tries(600, 3_000), width, (index) => {
      if (index % 3 === 0) return staff.delete(`/members/${id}`);
      if (index % 3 === 1) return staff.post(`/members/${id}/restore`);
      return staff.patch(`/members/${id}`, { phone: `call ${index}` });
    });
    const actionOf = ['DELETE', 'RESTORE', 'UPDATE'];
    const acknowledged = replies
      .map(({ requestId, status }, index) => ({ requestId, status, action: actionOf[index % 3] }))
      .filter(({ status }) => status < 300);
    const made = (await api.entries({ tableName: 'members', recordId: id })).filter(({ action }) =>
      actionOf.includes(action),
    );
    expect(acknowledged.length).toBeGreaterThan(50);
    expect(acknowledged.map(({ requestId, action }) => `${requestId} ${action}`).sort()).toEqual(
      made.map(({ requestId, action }) => `${requestId} ${action}`).sort(),
    );
  });
});
