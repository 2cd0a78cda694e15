import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { inParallel, until } from '../../../test/support/load';
import { Mailbox } from '../../../test/support/mailbox';

let api: LocalApi;
let mailbox: Mailbox;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  mailbox = new Mailbox(api.folder);
  admin = await api.as('admin');
});
afterAll(() => api.close());

const post = (path: string, body: object) => api.anonymous.post(`/auth/${path}`, body);
const actionsOf = async (reply: Reply) =>
  (await api.entries({ requestId: reply.requestId })).map(({ action, tableName }) => `${action} ${tableName}`);
const verify = (token: string) => post('verify-email', { token, newPassword: 'correct horse battery staple' });
const accountsOf = (memberId: number) => api.query('SELECT FROM users WHERE member_id = $1', [memberId]);

let made = 0;
async function aCandidate({ onFile = true } = {}) {
  made += 1;
  const dateOfBirth = '1980-05-17';
  const email = `candidate${made}@local.example`;
  const member = { ...aMember(), dateOfBirth, email: onFile ? email : null };
  const { id, memberNumber } = (await admin.post('/members', member)).json<{ id: number; memberNumber: string }>();
  return { id, registration: { memberNumber, dateOfBirth, email } };
}

/** All that somebody outside can tell two answers by. */
const seen = (reply: Reply) => {
  const { 'x-request-id': _id, date: _date, ...headers } = reply.headers;
  return { status: reply.status, text: reply.text, headers };
};

describe('guessing', () => {
  const wrongDays = Array.from({ length: 9 }, (_, index) => `1980-06-1${index}`);
  const thief = 'thief@local.example';

  /** Sends so many wrong dates of birth, as many at once. */
  const guess = (registration: object, count: number, atOnce = 1) =>
    inParallel(count, atOnce, (index) =>
      post('register', { ...registration, email: thief, dateOfBirth: wrongDays[index] }),
    );
  const waiting = async (memberId: number) =>
    (await admin.get(`/registrations?memberId=${memberId}&status=waiting`)).json<{ items: { id: number }[] }>().items;

  it.each([1, 9])('dates of birth, %d at once, leads nowhere after five: the office confirms', async (atOnce) => {
    const { id, registration } = await aCandidate({ onFile: false });
    const replies = await guess(registration, 9, atOnce);
    const right = await post('register', registration);
    expect(replies.map(seen)).toEqual(replies.map(() => seen(right)));
    await api.expectAudit(replies[0]!, {
      ...{ action: 'ACCESS_DENIED', tableName: 'members', recordId: id, notes: 'registration: wrong date of birth' },
    });
    expect(await actionsOf(right)).toEqual(['CREATE registrations']);
    const resent = await post('resend-verification', { email: registration.email });
    expect(await actionsOf(resent)).toEqual(['ACCESS_DENIED users']);
    expect([mailbox.to(registration.email), mailbox.to(thief)]).toEqual([[], []]);

    const [wish] = await waiting(id);
    const path = `/registrations/${wish?.id}`;
    expect((await admin.get(path)).text).not.toMatch(/token/i);
    const member = await api.as('member', { memberId: (await aCandidate()).id });
    expect(codeOf(await member.post(`${path}/confirm`))).toEqual([403, 'access.denied']);
    const staff = await api.as('staff');
    const confirmed = await staff.post(`${path}/confirm`);
    expect(confirmed.json()).toMatchObject({ confirmedBy: staff.account.id, memberId: id });
    await api.expectAudit(confirmed, { action: 'UPDATE', tableName: 'registrations', changedBy: staff.account.id });
    expect(codeOf(await staff.post(`${path}/confirm`))).toEqual([409, 'workflow.not-allowed']);
    expect(await waiting(id)).toEqual([]);
    expect((await verify(await mailbox.token(registration.email))).status).toBe(204);
    expect(await accountsOf(id)).toHaveLength(1);
  });

  it('is told to the address on file, once, and to nobody else', async () => {
    const { registration } = await aCandidate();
    await guess(registration, 4);
    expect(mailbox.to(registration.email)).toEqual([]);
    await guess(registration, 5);
    await until(() => mailbox.to(registration.email).length > 0);
    expect(mailbox.to(registration.email)).toEqual([expect.stringContaining('wrong date of birth')]);
    expect(mailbox.to(thief)).toEqual([]);
    await post('register', registration);
    await until(() => mailbox.to(registration.email).length > 1);
    expect(mailbox.to(registration.email).at(-1)).toContain('Call the office');
    expect(mailbox.to(thief)).toEqual([]);
  });

  it('is counted for the member alone, however often the right date came between', async () => {
    const [one, other] = [await aCandidate({ onFile: false }), await aCandidate({ onFile: false })];
    await guess(one.registration, 4);
    await post('register', one.registration);
    await mailbox.token(one.registration.email);
    await guess(one.registration, 1);
    await post('register', { ...one.registration, email: thief });
    await post('register', other.registration);
    await mailbox.token(other.registration.email);
    expect(mailbox.to(thief)).toEqual([]);
    expect(await waiting(one.id)).toHaveLength(1);
  });

  it('does not open to the office what is used, nor to a member of the office the own', async () => {
    const { id, registration } = await aCandidate({ onFile: false });
    await guess(registration, 5);
    await post('register', registration);
    await post('register', registration);
    const [used] = await api.query<{ id: number }>(
      'SELECT id FROM registrations WHERE member_id = $1 AND used_at IS NOT NULL',
      [id],
    );
    expect(codeOf(await admin.post(`/registrations/${used?.id}/confirm`))).toEqual([409, 'workflow.not-allowed']);
    const [wish] = await waiting(id);
    const clerk = await api.somebody(['staff'], id);
    await api.query('UPDATE users SET member_id = NULL WHERE id = $1', [clerk.account.id]);
    expect(codeOf(await clerk.post(`/registrations/${wish?.id}/confirm`))).toEqual([403, 'access.denied']);
  });
});
