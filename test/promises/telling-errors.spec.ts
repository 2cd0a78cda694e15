import { rm } from 'node:fs/promises';
import { openApiDocument } from '#app';
import { ERRORS, tellsOfRecords, type ErrorCode } from '#kernel';
import { anApplication, aReview } from '../../libs/benevolence/src/benevolence.factory';
import { anEmployment } from '../../libs/employments/src/member-employment.factory';
import { aGrievance, aStep } from '../../libs/grievances/src/grievance.factory';
import { aMember } from '../../libs/members/src/member.factory';
import { aContact, anOrganization } from '../../libs/organizations/src/organization.factory';
import { aHold, aPolicy } from '../../libs/retention/src/retention.factory';
import { anActivity } from '../../libs/salting/src/salting-activity.factory';
import { aStudent } from '../../libs/students/src/student.factory';
import { aPdf, formHeaders, formOf } from '../../libs/attachments/src/attachment.factory';
import { exampleOf } from '../support/examples';
import { Files, ownerParts } from '../support/files';
import { codeOf, startApi, type Client, type LocalApi, type Reply } from '../support/harness';
import { made, madeEmployer, madeMember } from '../support/records';
import { can, declaredResources, isSoft, tableOf } from '../support/resources';

/** An error that tells of records, as somebody provokes it, and the records that its entries must name. */
interface Provoked {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  told: string[];
  client?: Client;
}
type Case = [operation: string, code: ErrorCode, what: string, provoke: () => Promise<Provoked>];

/** Errors that the document names for every resource, and that some cannot meet. */
const unmet: Record<string, string> = {
  'members:import record.stale-version': 'somebody else changed a member while the file was taken in',
  'organizations:create record.in-use': 'nothing depends on what is not there yet',
  'benevolence-applications:create workflow.not-allowed': 'a draft depends on no other application',
  'grievances:create workflow.not-allowed': 'a new grievance has no state',
  'legal-holds:create workflow.not-allowed': 'a new hold has no state',
  'auth:mfa-confirm auth.mfa-not-enrolled': 'the same as of auth:mfa-disable',
  'archives:restore workflow.not-allowed': 'archive.e2e.spec.ts has archives',
  'audit:export archive.cold': 'archive.e2e.spec.ts has cold archives',
  'audit:proof ledger.not-sealed': 'an entry is sealed too soon to be asked for in between',
  'me:update record.stale-version': "a record of one's own needs no reason; members:update is the same code",
};
const withoutDependents =
  /^(organization-contacts|member-employments|students|salting-activities|benevolence-applications|grievances|retention-policies):delete record.in-use$/;

const why = { 'X-Access-Reason': 'Call about dues' };
let api: LocalApi;
let admin: Client;
let employer: number;
beforeAll(async () => {
  api = await startApi({ config: { ACCESS_REASON_REQUIRED: ['admin', 'officer', 'staff'] } });
  admin = await api.as('admin');
  employer = await madeEmployer(admin);
});
afterAll(() => api.close());

const create = async (name: string) => {
  const member = await madeMember(admin);
  const body = await exampleOf(name, { member, organization: employer }, admin);
  return { ...(await made(admin, `/${name}`, body)), body };
};
const grievance = async () => (await made(admin, '/grievances', aGrievance(await madeMember(admin), employer))).id;
const ended = async () => {
  const id = await grievance();
  await admin.post(`/grievances/${id}/settle`, { resolution: 'Paid.', settlementAmount: '416.00' });
  return id;
};
const twoSteps = async () => {
  const id = await grievance();
  const [first, second] = [
    await made(admin, `/grievances/${id}/steps`, aStep()),
    await made(admin, `/grievances/${id}/steps`, aStep()),
  ];
  return { id, first: first.id, second: second.id };
};
const draft = async () =>
  (
    await made(
      admin,
      '/benevolence-applications',
      anApplication(await madeMember(admin), { amountRequested: '1234.56' }),
    )
  ).id;
const submitted = async () => {
  const id = await draft();
  await admin.post(`/benevolence-applications/${id}/submit`);
  return id;
};
const file = async (memberId: number) => new Files(api, admin, memberId).attached();

const stale: Case[] = declaredResources.flatMap((declared) =>
  (['update', 'delete'] as const)
    .filter((verb) => can(declared, verb) && can(declared, 'create'))
    .map((verb): Case => {
      const { name, resource } = declared;
      const provoke = async () => {
        const { id } = await create(name);
        const told = [`${tableOf(resource)}:${id}`];
        const headers = { 'If-Match': '"1"' };
        const method = verb === 'update' ? 'PATCH' : 'DELETE';
        return { method, path: `/${name}/${id}`, body: verb === 'update' ? {} : undefined, headers, told };
      };
      return [`${name}:${verb}`, 'record.stale-version', 'another version', provoke];
    }),
);

const live: Case[] = declaredResources
  .filter((declared) => can(declared, 'restore') && can(declared, 'create') && isSoft(declared.resource))
  .map(({ name, resource }): Case => {
    const provoke = async () => {
      const { id } = await create(name);
      return { method: 'POST', path: `/${name}/${id}/restore`, told: [`${tableOf(resource)}:${id}`] };
    };
    return [`${name}:restore`, 'record.not-deleted', 'one in use', provoke];
  });

const change = (path: string, body: object, ...told: string[]) => ({ method: 'PATCH', path, body, told });
const post = (path: string, body: unknown, ...told: string[]) => ({ method: 'POST', path, body, told });
const remove = (path: string, ...told: string[]) => ({ method: 'DELETE', path, told });

const particular: Case[] = [
  [
    'members:delete',
    'record.in-use',
    'applications and a grievance',
    async () => {
      const member = await madeMember(admin);
      const one = await made(admin, '/benevolence-applications', anApplication(member));
      const other = await made(admin, '/benevolence-applications', anApplication(member));
      const { id } = await made(admin, '/grievances', aGrievance(member, employer));
      const told = [`benevolence_applications:${one.id}`, `benevolence_applications:${other.id}`, `grievances:${id}`];
      return remove(`/members/${member}`, `members:${member}`, ...told);
    },
  ],
  [
    'organizations:delete',
    'record.in-use',
    'a contact',
    async () => {
      const organization = await madeEmployer(admin);
      const { id } = await made(admin, '/organization-contacts', aContact(organization));
      return remove(`/organizations/${organization}`, `organizations:${organization}`, `organization_contacts:${id}`);
    },
  ],
  [
    'organizations:update',
    'record.in-use',
    'those who name it as an employer',
    async () => {
      const organization = await madeEmployer(admin);
      const member = await madeMember(admin);
      const { id } = await made(admin, '/grievances', aGrievance(member, organization));
      const activity = await made(admin, '/salting-activities', anActivity(member, organization));
      const told = [`grievances:${id}`, `salting_activities:${activity.id}`];
      return change(`/organizations/${organization}`, { orgType: 'union' }, ...told);
    },
  ],
  [
    'members:create',
    'record.duplicate',
    'a number',
    async () => {
      const { id, memberNumber } = await made(admin, '/members', aMember());
      return post('/members', aMember({ memberNumber: String(memberNumber) }), `members:${id}`);
    },
  ],
  [
    'members:update',
    'record.duplicate',
    'a number',
    async () => {
      const { id, memberNumber } = await made(admin, '/members', aMember());
      return change(`/members/${await madeMember(admin)}`, { memberNumber }, `members:${id}`);
    },
  ],
  [
    'students:create',
    'record.duplicate',
    'a member',
    async () => {
      const member = await madeMember(admin);
      const { id } = await made(admin, '/students', aStudent(member));
      return post('/students', aStudent(member), `students:${id}`);
    },
  ],
  [
    'users:create',
    'record.duplicate',
    'an address',
    async () => {
      const { id, email } = await api.account(['staff']);
      const body = { email, firstName: 'A', lastName: 'B', password: 'a long enough passphrase', roles: ['staff'] };
      return post('/users', body, `users:${id}`);
    },
  ],
  [
    'benevolence-reviews:create',
    'record.duplicate',
    'the same level',
    async () => {
      const application = await submitted();
      const { id } = await made(admin, '/benevolence-reviews', aReview(application));
      const told = [`benevolence_applications:${application}`, `benevolence_reviews:${id}`];
      return post('/benevolence-reviews', aReview(application), ...told);
    },
  ],
  [
    'retention-policies:create',
    'record.duplicate',
    'a framework',
    async () => {
      const policy = aPolicy({ framework: `Contract ${await madeMember(admin)}, 2026` });
      const { id } = await made(admin, '/retention-policies', policy);
      return post('/retention-policies', policy, `retention_policies:${id}`);
    },
  ],
  [
    'benevolence-reviews:create',
    'request.invalid',
    'the amount that was asked for',
    async () => {
      const id = await submitted();
      return post('/benevolence-reviews', aReview(id, { approvedAmount: '2000.00' }), `benevolence_applications:${id}`);
    },
  ],
  [
    'registrations:confirm',
    'workflow.not-allowed',
    'one that waits for nobody',
    async () => {
      const member = await madeMember(admin);
      const [registration] = await api.query<{ id: number }>(
        `INSERT INTO registrations (member_id, email, token_hash, expires_at)
         VALUES ($1, 'candidate@local.example', $2, now() + interval '1 day') RETURNING id`,
        [member, String(member).padStart(64, '0')],
      );
      return post(`/registrations/${registration?.id}/confirm`, undefined, `registrations:${registration?.id}`);
    },
  ],
  [
    'benevolence-reviews:create',
    'workflow.not-allowed',
    'a draft',
    async () => {
      const id = await draft();
      return post('/benevolence-reviews', aReview(id), `benevolence_applications:${id}`);
    },
  ],
  [
    'benevolence-applications:pay',
    'workflow.not-allowed',
    'a draft',
    async () => {
      const id = await draft();
      return post(
        `/benevolence-applications/${id}/pay`,
        { paymentMethod: 'check', paymentDate: '2026-03-01' },
        `benevolence_applications:${id}`,
      );
    },
  ],
  [
    'benevolence-applications:submit',
    'workflow.not-allowed',
    'one that was',
    async () => {
      const id = await submitted();
      return post(`/benevolence-applications/${id}/submit`, undefined, `benevolence_applications:${id}`);
    },
  ],
  [
    'benevolence-applications:update',
    'workflow.not-allowed',
    'one that was submitted',
    async () => {
      const id = await submitted();
      return change(`/benevolence-applications/${id}`, { amountRequested: '1.00' }, `benevolence_applications:${id}`);
    },
  ],
  [
    'grievances:update',
    'workflow.not-allowed',
    'one that was settled',
    async () => {
      const id = await ended();
      return change(`/grievances/${id}`, { status: 'hearing' }, `grievances:${id}`);
    },
  ],
  [
    'grievances:settle',
    'workflow.not-allowed',
    'one that was settled',
    async () => {
      const id = await ended();
      return post(`/grievances/${id}/settle`, { resolution: 'Paid.' }, `grievances:${id}`);
    },
  ],
  [
    'grievances:withdraw',
    'workflow.not-allowed',
    'one that was settled',
    async () => {
      const id = await ended();
      return post(`/grievances/${id}/withdraw`, { resolution: 'Gone.' }, `grievances:${id}`);
    },
  ],
  [
    'grievances:close',
    'workflow.not-allowed',
    'whether the settlement is another amount',
    async () => {
      const id = await ended();
      return post(`/grievances/${id}/close`, { settlementAmount: '417.00' }, `grievances:${id}`);
    },
  ],
  [
    'grievances:close',
    'request.invalid',
    'that it has not ended',
    async () => {
      const id = await grievance();
      return post(`/grievances/${id}/close`, {}, `grievances:${id}`);
    },
  ],
  [
    'grievances:record-step',
    'workflow.not-allowed',
    'which step is next',
    async () => {
      const id = await grievance();
      const step = await made(admin, `/grievances/${id}/steps`, aStep());
      return post(
        `/grievances/${id}/steps`,
        aStep({ stepNumber: 1 }),
        `grievances:${id}`,
        `grievance_step_records:${step.id}`,
      );
    },
  ],
  ...(['PATCH', 'DELETE'] as const).map((method): Case => [
    method === 'PATCH' ? 'grievances:correct-step' : 'grievances:strike-step',
    'record.stale-version',
    'another version',
    async () => {
      const { id, second } = await twoSteps();
      const told = [`grievances:${id}`, `grievance_step_records:${second}`];
      const body = method === 'PATCH' ? {} : undefined;
      return { method, path: `/grievances/${id}/steps/${second}`, body, headers: { 'If-Match': '"1"' }, told };
    },
  ]),
  [
    'grievances:correct-step',
    'workflow.not-allowed',
    'that another step followed',
    async () => {
      const { id, first, second } = await twoSteps();
      const told = [`grievances:${id}`, `grievance_step_records:${first}`, `grievance_step_records:${second}`];
      return change(`/grievances/${id}/steps/${first}`, { notes: 'Late.' }, ...told);
    },
  ],
  [
    'grievances:strike-step',
    'workflow.not-allowed',
    'that another step followed',
    async () => {
      const { id, first, second } = await twoSteps();
      const told = [`grievances:${id}`, `grievance_step_records:${first}`, `grievance_step_records:${second}`];
      return remove(`/grievances/${id}/steps/${first}`, ...told);
    },
  ],
  [
    'grievances:create',
    'request.invalid',
    'what kind the organization is of',
    async () => {
      const { id } = await made(admin, '/organizations', anOrganization({ orgType: 'jatc' }));
      return post('/grievances', aGrievance(await madeMember(admin), id), `organizations:${id}`);
    },
  ],
  [
    'member-employments:update',
    'request.invalid',
    'whether it began later',
    async () => {
      const { id } = await made(admin, '/member-employments', anEmployment(await madeMember(admin), employer));
      return change(`/member-employments/${id}`, { endDate: '1990-01-01' }, `member_employments:${id}`);
    },
  ],
  [
    'attachments:create',
    'workflow.not-allowed',
    'that the member was removed',
    async () => {
      const member = await madeMember(admin);
      await admin.delete(`/members/${member}`);
      const body = formOf([...ownerParts(member), ['file', aPdf(), 'agreement.pdf']]);
      return { ...post('/attachments', body, `members:${member}`), headers: formHeaders };
    },
  ],
  [
    'attachments:restore',
    'workflow.not-allowed',
    'that the member was removed',
    async () => {
      const member = await madeMember(admin);
      const id = await file(member);
      await admin.delete(`/attachments/${id}`);
      await admin.delete(`/members/${member}`);
      return post(`/attachments/${id}/restore`, undefined, `members:${member}`);
    },
  ],
  [
    'attachments:restore',
    'record.not-deleted',
    'one in use',
    async () => {
      const member = await madeMember(admin);
      const id = await file(member);
      return post(`/attachments/${id}/restore`, undefined, `file_attachments:${id}`, `members:${member}`);
    },
  ],
  ...(['update', 'delete'] as const).map((verb): Case => [
    `attachments:${verb}`,
    'record.stale-version',
    'another version',
    async () => {
      const id = await file(await madeMember(admin));
      const method = verb === 'update' ? 'PATCH' : 'DELETE';
      const body = verb === 'update' ? { description: 'New' } : undefined;
      return {
        method,
        path: `/attachments/${id}`,
        body,
        headers: { 'If-Match': '"1"' },
        told: [`file_attachments:${id}`],
      };
    },
  ]),
  [
    'attachments:content',
    'attachments.content-missing',
    'that there is a row',
    async () => {
      const member = await madeMember(admin);
      const files = new Files(api, admin, member);
      const id = await files.attached();
      await rm(await files.pathOf(id));
      return { method: 'GET', path: `/attachments/${id}/content`, told: [`file_attachments:${id}`] };
    },
  ],
  ...(['update', 'delete', 'release'] as const).map((verb): Case => [
    `legal-holds:${verb}`,
    'workflow.not-allowed',
    'one that was released',
    async () => {
      const { id } = await made(admin, '/legal-holds', aHold());
      await admin.post(`/legal-holds/${id}/release`, { reason: 'Settled' });
      if (verb === 'release') return post(`/legal-holds/${id}/release`, { reason: 'Settled' }, `legal_holds:${id}`);
      const body = verb === 'update' ? { matter: 'Another' } : undefined;
      return {
        method: verb === 'update' ? 'PATCH' : 'DELETE',
        path: `/legal-holds/${id}`,
        body,
        told: [`legal_holds:${id}`],
      };
    },
  ]),
  [
    'legal-holds:release',
    'record.stale-version',
    'another version',
    async () => {
      const { id } = await made(admin, '/legal-holds', aHold());
      return {
        ...post(`/legal-holds/${id}/release`, { reason: 'Settled' }, `legal_holds:${id}`),
        headers: { 'If-Match': '"1"' },
      };
    },
  ],
  ...(
    [
      ['update', 'PATCH', '', { firstName: 'Ada' }],
      ['delete', 'DELETE', '', undefined],
      ['set-roles', 'PUT', '/roles', { roles: ['staff'] }],
    ] as const
  ).map(([verb, method, rest, body]): Case => [
    `users:${verb}`,
    'record.stale-version',
    'another version',
    async () => {
      const { id } = await api.account(['staff']);
      return { method, path: `/users/${id}${rest}`, body, headers: { 'If-Match': '"1"' }, told: [`users:${id}`] };
    },
  ]),
  [
    'users:restore',
    'record.not-deleted',
    'one in use',
    async () => {
      const { id } = await api.account(['staff']);
      return post(`/users/${id}/restore`, undefined, `users:${id}`);
    },
  ],
  ...(
    [
      ['update', 'PATCH', '', { isActive: false }],
      ['delete', 'DELETE', '', undefined],
      ['set-roles', 'PUT', '/roles', { roles: ['staff'] }],
      ['lock', 'POST', '/lock', undefined],
    ] as const
  ).map(([verb, method, rest, body]): Case => [
    `users:${verb}`,
    'users.last-admin',
    'the last one',
    async () => {
      const { id } = admin.account;
      return { method, path: `/users/${id}${rest}`, body, told: [`users:${id}`] };
    },
  ]),
  [
    'break-glass-reviews:close',
    'workflow.not-allowed',
    'one that is closed',
    async () => {
      const opener = await api.somebody(['instructor']);
      const member = await madeMember(admin);
      await opener.get(`/members/${member}`, { ...why, 'X-Break-Glass': 'true' });
      const [review] = await api.query<{ id: number }>('SELECT id FROM break_glass_reviews WHERE record_id = $1', [
        member,
      ]);
      await admin.post(`/break-glass-reviews/${review?.id}/close`, { finding: 'In order.' });
      return post(
        `/break-glass-reviews/${review?.id}/close`,
        { finding: 'In order.' },
        `break_glass_reviews:${review?.id}`,
      );
    },
  ],
];

/** Of one's own account, for which nobody has to say why, and where the body says why. */
const own: Case[] = [
  [
    'members:merge',
    'members.conflict',
    'two students',
    async () => {
      const [id, into] = [await madeMember(admin), await madeMember(admin)];
      const one = await made(admin, '/students', aStudent(id));
      const other = await made(admin, '/students', aStudent(into));
      const told = [`members:${id}`, `members:${into}`, `students:${one.id}`, `students:${other.id}`];
      return post(`/members/${id}/merge`, { into, reason: 'Entered twice.' }, ...told);
    },
  ],
  [
    'auth:mfa-disable',
    'auth.mfa-not-enrolled',
    "one's own account",
    async () => {
      const client = await api.as('member');
      const { id, password } = client.account;
      return { ...post('/auth/mfa/disable', { password, code: '123456' }, `users:${id}`), client };
    },
  ],
  ...(['enroll', 'confirm'] as const).map((verb): Case => [
    `auth:mfa-${verb}`,
    'auth.mfa-enrolled',
    "one's own account",
    async () => {
      const client = await api.somebody(['member']);
      const { id, password } = client.account;
      await client.post('/auth/mfa/enroll', { currentPassword: password });
      await api.query('UPDATE users SET mfa_enabled_at = now() WHERE id = $1', [id]);
      return {
        ...post(
          `/auth/mfa/${verb}`,
          verb === 'enroll' ? { currentPassword: password } : { code: '123456' },
          `users:${id}`,
        ),
        client,
      };
    },
  ]),
];

const send = ({ method, path, body, headers, client = admin }: Provoked, also = {}): Promise<Reply> => {
  const type = method === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json' } : {};
  return client.send(method, path, body, { ...type, ...headers, ...also });
};

describe('an error that tells of records', () => {
  it.each([...stale, ...live, ...particular, ...own])(
    '%s %s (%s) names them in its entries',
    async (_1, code, _2, provoke) => {
      const provoked = await provoke();
      const reply = await send(provoked, why);
      expect([...codeOf(reply), reply.json()['detail']]).toEqual([ERRORS[code].status, code, expect.any(String)]);
      expect(await toldBy(reply)).toEqual([...provoked.told].sort());
    },
  );

  it.each([...stale, ...live, ...particular])(
    '%s %s (%s) is not given without a reason',
    async (operation, _1, what, provoke) => {
      const provoked = await provoke();
      const reply = await send(provoked);
      // Releasing a hold needs a reason in any case.
      const isAsked = operation === 'legal-holds:delete';
      expect(codeOf(reply)).toEqual(isAsked ? [422, 'request.invalid'] : [428, 'access.reason-required']);
      expect(await toldBy(reply)).toEqual([]);
      if (!isAsked) await api.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'access.reason-required' });
      expect(what).toBeTruthy();
    },
  );

  it('is each one that the document names', () => {
    const documented = Object.values(openApiDocument(api.app).paths).flatMap((methods) =>
      Object.values(methods as Record<string, { operationId: string; responses: object }>).flatMap(
        ({ operationId, responses }) => {
          const text = JSON.stringify(responses);
          const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => text.includes(`\`${code}\``));
          return codes.filter(tellsOfRecords).map((code) => `${operationId} ${code}`);
        },
      ),
    );
    const walked = [...stale, ...live, ...particular, ...own].map(([operation, code]) => `${operation} ${code}`);
    const missing = documented.filter(
      (pair) => !walked.includes(pair) && !(pair in unmet) && !withoutDependents.test(pair),
    );
    expect(missing).toEqual([]);
    expect(Object.keys(unmet).filter((pair) => !documented.includes(pair) || walked.includes(pair))).toEqual([]);
  });
});

/** What the entries of a request say was told, as "table:id". */
async function toldBy({ requestId }: Reply): Promise<string[]> {
  const entries = await api.entries({ requestId });
  const reads = entries.filter(({ action }) => action === 'READ' || action === 'BULK_READ');
  return reads
    .flatMap(({ tableName, recordId, recordIds }) => (recordIds ?? [recordId]).map((id) => `${tableName}:${id}`))
    .sort();
}
