import { anApplication, aReview } from '../../../libs/benevolence/src/benevolence.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { listed, made, madeMember } from '../../../test/support/records';

let api: LocalApi;
let officer: Client;
let staff: Client;
let member: number;
let own: Client;
beforeAll(async () => {
  api = await startApi();
  officer = await api.as('officer');
  staff = await api.as('staff');
  member = await madeMember(staff);
  own = await api.as('member', { memberId: member });
});
afterAll(() => api.close());

const path = '/benevolence-applications';
const levels = ['vp', 'admin', 'manager', 'president'] as const;
const payment = { paymentDate: '2026-02-20', paymentMethod: 'check' };

async function application(amountRequested = '400.00'): Promise<number> {
  return (await made(staff, path, anApplication(member, { amountRequested }))).id;
}
async function submitted(amountRequested?: string): Promise<number> {
  const id = await application(amountRequested);
  expect((await staff.post(`${path}/${id}/submit`)).status).toBe(200);
  return id;
}
const review = (id: number, overrides: Partial<ReturnType<typeof aReview>> = {}, by = officer) =>
  by.post('/benevolence-reviews', aReview(id, overrides));
const shown = async (id: number) => (await officer.get(`${path}/${id}`)).json();

/** Brings a new application to a status by the ways there are. */
const ways: Record<string, () => Promise<number>> = {
  draft: () => application(),
  submitted: () => submitted(),
  under_review: async () => {
    const id = await submitted();
    await review(id, { decision: 'needs_info' });
    return id;
  },
  approved: async () => {
    const id = await submitted();
    await review(id);
    return id;
  },
  denied: async () => {
    const id = await submitted();
    await review(id, { decision: 'denied' });
    return id;
  },
  paid: async () => {
    const id = await ways.approved!();
    await officer.post(`${path}/${id}/pay`, payment);
    return id;
  },
};

/** What may be done in each status, and what the refusal of everything else says is possible. */
const possible: Record<string, { verbs: string[]; says: string }> = {
  draft: { verbs: ['change', 'submit'], says: 'A draft can be changed and submitted.' },
  submitted: { verbs: ['review'], says: 'A submitted application can be reviewed.' },
  under_review: { verbs: ['review'], says: 'An application under review can be reviewed.' },
  approved: { verbs: ['pay'], says: 'An approved application can be paid.' },
  denied: { verbs: [], says: 'A denied application is final.' },
  paid: { verbs: [], says: 'A paid application is final.' },
};

describe.each(Object.entries(possible))('an application that is %s', (status, { verbs, says }) => {
  const attempts: Record<string, (id: number) => ReturnType<Client['post']>> = {
    change: (id) => officer.patch(`${path}/${id}`, { amountRequested: '399.00' }),
    submit: (id) => officer.post(`${path}/${id}/submit`),
    review: (id) => review(id, { reviewLevel: 'president' }),
    pay: (id) => officer.post(`${path}/${id}/pay`, payment),
  };

  it.each(Object.keys(attempts))('can or can not: %s', async (verb) => {
    const id = await ways[status]!();
    expect(await shown(id)).toMatchObject({ status });
    const reply = await attempts[verb]!(id);
    if (verbs.includes(verb)) {
      expect([200, 201]).toContain(reply.status);
      return;
    }
    expect([...codeOf(reply), reply.json()['detail']]).toEqual([409, 'workflow.not-allowed', says]);
    await api.expectAudit(reply, { action: 'READ', tableName: 'benevolence_applications', recordId: id });
    expect(await shown(id)).toMatchObject({ status, amountRequested: '400.00' });
  });

  it('is moved by no field, and takes notes', async () => {
    const id = await ways[status]!();
    for (const sent of [{ status: 'approved' }, { approvedAmount: '1' }, { paymentDate: '2026-01-01' }]) {
      expect((await officer.patch(`${path}/${id}`, sent)).status).toBe(422);
    }
    const reply = await officer.patch(`${path}/${id}`, { notes: 'Called.' });
    expect(reply.status).toBe(200);
    await api.expectAudit(reply, { action: 'UPDATE', recordId: id, changedFields: ['notes'] });
    expect(await shown(id)).toMatchObject({ status });
  });
});

describe('reviews', () => {
  it.each([
    ['499.99', 1],
    ['500.00', 2],
    ['1999.99', 2],
    ['2000.00', 3],
    ['12345678.99', 3],
  ])('approve %s dollars on %s levels, counted by level and by head', async (amount, required) => {
    const id = await submitted(amount);
    for (let count = 0; count < required; count += 1) {
      if (count > 0) {
        expect(await shown(id)).toMatchObject({ status: 'under_review', approvedAmount: null });
        const again = await review(id, { reviewLevel: levels[count - 1] }, await api.somebody(['admin']));
        expect([again.status, (await shown(id))['status']]).toEqual([201, 'under_review']);
      }
      const reply = await review(id, { reviewLevel: levels[count] }, await api.somebody(['officer']));
      expect(reply.status).toBe(201);
      await api.expectAudit(
        reply,
        { action: 'CREATE', tableName: 'benevolence_reviews', recordId: Number(reply.json()['id']) },
        // A review in the middle leaves the application as it is, and shows nothing of it.
        ...(count > 0 && count < required - 1
          ? []
          : [{ action: 'UPDATE', tableName: 'benevolence_applications', recordId: id }]),
      );
    }
    expect(await shown(id)).toMatchObject({ status: 'approved', approvedAmount: amount });
  });

  it('deny with one denial, whatever was approved before', async () => {
    const id = await submitted('2000.00');
    const first = await review(id, { approvedAmount: '1500' });
    expect(first.json()).toMatchObject({ approvedAmount: '1500.00' });
    expect(await shown(id)).toMatchObject({ status: 'under_review', approvedAmount: null });
    expect((await review(id, { reviewLevel: 'admin', decision: 'denied' })).status).toBe(201);
    expect(await shown(id)).toMatchObject({ status: 'denied', approvedAmount: null });
  });

  it('tell the applicant no amount before it is approved, and then the one that was named last', async () => {
    const memberId = await madeMember(staff);
    const { id } = await made(staff, path, anApplication(memberId, { amountRequested: '2000.00' }));
    await staff.post(`${path}/${id}/submit`);
    const applicant = await api.as('member', { memberId });
    const told = async () => {
      const own = await applicant.get(`${path}/${id}`);
      const listed = await applicant.get('/me/benevolence-applications');
      const logged = await applicant.get('/me/access-log');
      expect(listed.text).toContain(JSON.stringify(own.json()['approvedAmount']));
      return [own.json()['approvedAmount'], `${own.text}${listed.text}${logged.text}`.includes('1234')];
    };
    await review(id, { approvedAmount: '1234.00' });
    expect(await told()).toEqual([null, false]);
    await review(id, { reviewLevel: 'admin', approvedAmount: '1234.50' }, await api.somebody(['officer']));
    expect(await told()).toEqual([null, false]);
    await review(id, { reviewLevel: 'manager' }, await api.somebody(['officer']));
    expect(await told()).toEqual(['1234.50', true]);
    const entries = await api.entries({ tableName: 'benevolence_applications', recordId: id, action: 'UPDATE' });
    expect(entries.map(({ changedFields }) => changedFields)).toEqual([
      ['status'],
      ['status'],
      ['approved_amount', 'status'],
    ]);
  });

  it('are not of one’s own application, on record', async () => {
    const memberId = await madeMember(staff);
    const { id } = await made(staff, path, anApplication(memberId));
    await staff.post(`${path}/${id}/submit`);
    const applicant = await api.somebody(['officer', 'member'], memberId);
    const reply = await review(id, {}, applicant);
    expect(codeOf(reply)).toEqual([403, 'access.denied']);
    await api.expectAudit(reply, {
      action: 'ACCESS_DENIED',
      tableName: 'benevolence_applications',
      recordId: id,
      changedBy: applicant.account.id,
    });
    expect(await shown(id)).toMatchObject({ status: 'submitted' });
  });

  it('are not made twice at a level by the same reviewer, however many at once', async () => {
    const id = await submitted('2000.00');
    const replies = await inParallel(10, 10, () => review(id));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    expect(codeOf(replies.find(({ status }) => status === 409)!)).toEqual([409, 'record.duplicate']);
    expect(await listed(officer, `/benevolence-reviews?applicationId=${id}`)).toHaveLength(1);
  });

  it('count one after the other, by reviewers at once: the last needed one approves, a denial ends', async () => {
    const admin = await api.as('admin');
    for (let round = 0; round < 10; round += 1) {
      const id = await submitted('500.00');
      const decision = round % 2 ? 'denied' : 'approved';
      const [first, second] = await Promise.all([
        review(id, { reviewLevel: 'vp' }, admin),
        review(id, { reviewLevel: 'president', decision }),
      ]);
      const { status } = await shown(id);
      if (decision === 'approved') expect([first.status, second.status, status]).toEqual([201, 201, 'approved']);
      else expect([[201, 409].includes(first.status), second.status, status]).toEqual([true, 201, 'denied']);
    }
  });

  it('are kept once under one idempotency key, even when they decided', async () => {
    const id = await submitted();
    const replies = [];
    for (let count = 0; count < 2; count += 1) {
      replies.push(
        await officer.post('/benevolence-reviews', aReview(id), {
          'Idempotency-Key': `review ${id}`.replace(' ', '-'),
        }),
      );
    }
    expect(replies.map((reply) => [reply.status, reply.json()['id']])).toEqual(
      Array(2).fill([201, replies[0]?.json()['id']]),
    );
  });

  it('are not for the applicant, nor for staff to make, nor for anybody to change', async () => {
    const id = await submitted();
    const { id: reviewId } = (await review(id)).json<{ id: number }>();
    expect(codeOf(await own.get(`/benevolence-reviews/${reviewId}`))).toEqual([403, 'access.denied']);
    expect(codeOf(await review(await submitted(), {}, staff))).toEqual([403, 'access.denied']);
    expect((await officer.patch(`/benevolence-reviews/${reviewId}`, { decision: 'denied' })).status).toBe(404);
    expect((await officer.delete(`/benevolence-reviews/${reviewId}`)).status).toBe(404);
    const read = await staff.get(`/benevolence-reviews/${reviewId}`);
    await api.expectAudit(read, { action: 'READ', tableName: 'benevolence_reviews', recordId: reviewId });
  });
});

describe('money', () => {
  it.each([
    ['0.10', '0.10'],
    ['0.1', '0.10'],
    ['7', '7.00'],
    ['12345678.99', '12345678.99'],
  ])('%s is kept as %s', async (sent, kept) => {
    expect(await shown(await application(sent))).toMatchObject({ amountRequested: kept });
  });

  it.each([0.1, 400, '0', '0.00', '-1', '1.005', '123456789', '1e3', '', ' 5', 'NaN', null])(
    'is not %p',
    async (amountRequested) => {
      const reply = await staff.post(path, { ...anApplication(member), amountRequested });
      expect(codeOf(reply)).toEqual([422, 'request.invalid']);
      await api.expectAudit(reply);
    },
  );

  it('is approved up to what was asked for', async () => {
    const id = await submitted('499.99');
    for (const approvedAmount of ['500.00', '499.995', '0', '1000']) {
      expect((await review(id, { approvedAmount })).status).toBe(422);
    }
    expect((await review(id, { decision: 'deferred', approvedAmount: '1.00' })).status).toBe(422);
    expect((await review(id, { approvedAmount: '499.98' })).status).toBe(201);
    const paid = await officer.post(`${path}/${id}/pay`, payment);
    expect(paid.json()).toMatchObject({ status: 'paid', approvedAmount: '499.98', ...payment });
    await api.expectAudit(paid, { action: 'UPDATE', tableName: 'benevolence_applications', recordId: id });
  });
});

describe('a member', () => {
  it('asks for help for nobody else, submits it, and sees how far it is without the notes of the office', async () => {
    const reply = await own.post(path, { reason: 'hardship', amountRequested: '120.50' });
    const { id } = reply.json<{ id: number }>();
    expect(reply.json()).toMatchObject({ memberId: member, status: 'draft', amountRequested: '120.50' });
    expect(reply.json()).not.toHaveProperty('notes');
    const other = await own.post(path, anApplication(await madeMember(staff)));
    expect(codeOf(other)).toEqual([403, 'access.denied']);
    await api.expectAudit(other, { action: 'ACCESS_DENIED' });
    expect((await own.post(path, { reason: 'hardship', amountRequested: '1', notes: 'x' })).status).toBe(403);
    expect((await own.post(`${path}/${id}/submit`)).json()).toMatchObject({ status: 'submitted' });
    expect(await listed(own, '/me/benevolence-applications')).toContain(id);
    expect((await own.post(`${path}/${id}/pay`, payment)).status).toBe(403);
    const stranger = await api.as('member', { memberId: await madeMember(staff) });
    const hidden = await stranger.post(`${path}/${id}/submit`);
    expect(codeOf(hidden)).toEqual([404, 'record.not-found']);
    await api.expectAudit(hidden, { action: 'ACCESS_DENIED', recordId: id });
  });
});
