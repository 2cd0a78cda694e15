import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { type AnySchema, Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { type Operation } from '#access';
import { openApiDocument } from '#app';
import { ERRORS, type ErrorCode } from '#kernel';
import { PublishedLog } from '#ledger';
import { startApi, type Client, type LocalApi } from '../support/harness';
import { stageOf } from './account-stages';
import { expectCommitted } from '../support/committed';
import { read, root } from '../support/sources';

interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  example?: unknown;
  examples?: unknown[];
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

interface Content {
  schema: Schema;
}

interface DocumentedOperation {
  operationId: Operation;
  summary?: string;
  tags?: string[];
  security?: unknown[];
  parameters?: {
    name: string;
    in: 'path' | 'query' | 'header';
    required: boolean;
    description?: string;
    schema: Schema;
  }[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, { headers?: Record<string, unknown>; content?: Record<string, Content> }>;
  'x-permission'?: string;
}

interface Route extends DocumentedOperation {
  method: string;
  path: string;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, Schema> };
}

/**
 * Fields that a name and type explain, each with its reason. The list may only become shorter: one that is described, or
 * gone, must go from here.
 */
const selfExplaining: Record<string, string> = {
  'Health.status': 'of the whole, in the words of its checks',
  'Health.checks': 'by the name of what was checked',
  'Health.checks{}.status': 'of one check',
  'Health.checks{}.detail': 'of one check',
  'ImportReport.rowsRead': 'counted',
  'ImportReport.rowsCreated': 'counted',
  'ImportReport.rowsRefused': 'counted',
  'ImportReport.errors[].field': 'the column of the file',
  'ImportReport.errors[].message': 'a sentence',
  'AccessLogPage.nextCursor': 'as on every page',
  'AccessLogItem.changedFields': 'by name',
  'Problem.title': 'named by RFC 9457',
  'Problem.status': 'named by RFC 9457',
  'Problem.detail': 'named by RFC 9457',
  'Problem.requestId': 'as in X-Request-Id',
  'Problem.errors': 'one for each fault',
  'Problem.errors[].pointer': 'RFC 6901',
  'Problem.errors[].message': 'a sentence',
  'audit:read id': 'the number of the entry',
};

const run = promisify(execFile);
let api: LocalApi;
let document: Document;
let operations: Route[];

beforeAll(async () => {
  api = await startApi();
  document = JSON.parse(JSON.stringify(openApiDocument(api.app))) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  );
});

afterAll(() => api.close());

describe('docs/openapi.json', () => {
  it('is the document that the API serves (npm run generate)', async () => {
    expectCommitted('docs/openapi.json', `${JSON.stringify(document, null, 2)}\n`);
    const served = await fetch(`${api.url}/openapi.json`);
    expect(await served.json()).toEqual(document);
  });

  it('is valid OpenAPI 3.1 and passes redocly lint, with no needless exception', async () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    const problems = await redoclyProblems();
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const exceptions = [...read('redocly.yaml').matchAll(/^ {2}([a-z-]+): warn$/gm)].map(([, rule]) => rule);
    expect([...new Set(problems.map(({ ruleId }) => ruleId))].sort()).toEqual(exceptions.sort());
  });

  it('gives clients types by which a wrong request does not compile', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-client-'));
    try {
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      writeFileSync(join(folder, 'client.ts'), typedClient);
      // Made from the document, as client.spec.ts compares.
      copyFileSync(join(root, 'libs/client/src/paths.ts'), join(folder, 'schema.ts'));
      const compiled = runTool(require.resolve('typescript/bin/tsc'), '--project', writeCompilerOptions(folder));
      await expect(compiled).resolves.toMatchObject({ stdout: '' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('every operation', () => {
  it('has a name, a sentence, a tag, and its permission', () => {
    const incomplete = operations.filter(
      ({ operationId, summary, tags, ...operation }) =>
        !/^[a-z]+(-[a-z]+)*:[a-z-]+$/.test(operationId) ||
        !/^[A-Z].*[^.]$/.test(summary ?? '') ||
        tags?.length !== 1 ||
        !operation['x-permission'],
    );
    expect(incomplete.map(({ operationId }) => operationId)).toEqual([]);
  });

  it('asks for a token exactly where it takes a permission', () => {
    const wrong = operations.filter(
      ({ security, ...operation }) => (operation['x-permission'] === 'public') !== !security?.length,
    );
    expect(wrong.map(({ operationId }) => operationId)).toEqual([]);
  });

  it('says how it succeeds, and what it answers then', () => {
    const wrong = operations.filter(({ responses }) => {
      const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      const [[status, { content }] = ['', {}]] = successes;
      return successes.length !== 1 || (status === '204') === (content !== undefined);
    });
    expect(wrong.map(({ operationId }) => operationId)).toEqual([]);
  });

  it('answers its errors as problems, under the codes of their statuses', () => {
    const wrong = operations.flatMap(({ operationId, responses }) =>
      Object.entries(responses)
        .filter(([status]) => Number(status) >= 400)
        .filter(([status, { content }]) => !isProblem(Number(status), content))
        .map(([status]) => `${operationId}: ${status}`),
    );
    expect(wrong).toEqual([]);
  });

  it('names the errors that its kind can always meet', () => {
    const wrong = operations.flatMap(({ operationId, path, requestBody, security, responses }) => {
      const expected = [
        '400',
        '422',
        '500',
        '503',
        ...(security ? ['401', '403'] : []),
        ...(path.includes('{') ? ['404'] : []),
      ];
      const missing = expected.filter((status) => !responses[status]);
      return [...missing, ...(requestBody && !responses['422'] ? ['422'] : [])].map(
        (status) => `${operationId} lacks ${status}`,
      );
    });
    expect(wrong).toEqual([]);
  });
});

describe('every field and parameter', () => {
  it('has a description or an example, or is listed as explaining itself', () => {
    const unexplained = [
      ...Object.entries(document.components.schemas).flatMap(([name, schema]) => unexplainedIn(schema, name)),
      ...operations.flatMap(({ operationId, parameters = [] }) =>
        parameters
          .filter(({ description, schema }) => !description && !isExplained(schema))
          .map(({ name }) => `${operationId} ${name}`),
      ),
    ];
    expect(unexplained.sort()).toEqual(Object.keys(selfExplaining).sort());
  });
});

describe('every reply', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);

  it('of a success is what the document says, to the examples that it gives', async () => {
    const surprises: string[] = [];
    const made: Record<string, number> = {
      audit: Number((await api.entries()).at(0)?.id),
      'break-glass-reviews': await openedReview(),
      archives: await coldArchive(),
      registrations: await waitingRegistration(),
    };
    for (const operation of createdFirst(operations)) {
      await makeReady(operation.operationId);
      const client = await accountFor(operation.operationId, made);
      const account = { ...client.account, ...client.session };
      const stage = await stageOf(operation.operationId, api, client);
      const reply = await send(operation, requestFor(operation, made, account, stage), account.accessToken);
      const failure = reply.status < 300 ? [] : [`${reply.status} ${reply.text}`];
      surprises.push(
        ...[...failure, ...unlikeDocument(operation, reply)].map((surprise) => `${operation.operationId}: ${surprise}`),
      );
      if (reply.status !== 201) continue;
      const { id } = JSON.parse(reply.text) as { id: number };
      made[operation.operationId.endsWith(':create') ? (operation.tags?.[0] ?? '') : operation.operationId] = id;
      // The Location of what was created is a route of the document, which shows it.
      const created = await client.get(reply.headers.get('location') ?? 'nowhere');
      if (created.status !== 200 || created.json<{ id: number }>().id !== id) {
        surprises.push(`${operation.operationId}: its Location answers ${created.status} ${created.text}`);
      }
    }
    expect(surprises).toEqual([]);
  });

  it.each([
    ['400', 'members:create', { body: '{' }],
    ['401', 'members:list', { token: '' }],
    ['403', 'users:list', { token: 'member' }],
    ['404', 'members:read', { path: { id: 2147483647 } }],
    ['412', 'members:update', { body: '{"city":"Riverside"}', headers: { 'If-Match': '"1"' } }],
    ['422', 'members:list', { query: 'limit=0' }],
  ] as const)('of a failure (%s, %s) is a problem as the document says', async (status, operationId, faulty) => {
    const request: Partial<Request> & { token?: string } = faulty;
    const operation = operations.find((candidate) => candidate.operationId === operationId) as Route;
    const [member] = await api.query<{ id: number }>('SELECT id FROM members LIMIT 1');
    const role = request.token === 'member' ? 'member' : 'admin';
    const token = request.token === '' ? '' : (await api.as(role)).session.accessToken;
    const usual = requestFor(operation, { members: member?.id ?? 0 }, noAccount);
    const headers = { ...usual.headers, ...request.headers };
    const reply = await send(operation, { ...usual, ...request, headers }, token);
    expect(reply.status).toBe(Number(status));
    expect(unlikeDocument(operation, reply)).toEqual([]);
    expect(JSON.parse(reply.text)).toMatchObject({
      status: Number(status),
      instance: reply.path,
      requestId: reply.headers.get('x-request-id'),
    });
  });

  /** What a reply has that its operation's documentation has not, or the other way round. */
  function unlikeDocument({ responses }: Route, { status, headers, text, method, path }: Reply): string[] {
    const documented = responses[status];
    if (!documented) return [`${method} ${path} answers ${status} ${text}`];
    const missing = Object.keys(documented.headers ?? {}).filter((name) => !headers.has(name));
    if (!documented.content) return text === '' ? missing : ['has a body'];
    const mediaType = headers.get('content-type')?.split(';')[0] ?? '';
    const schema = documented.content[mediaType]?.schema;
    if (!schema) return [`is ${mediaType}`];
    if (!mediaType.endsWith('json')) return missing;
    const validate = ajv.compile({ ...inlined(schema), $defs: inlined(document.components.schemas) } as AnySchema);
    const isValid = validate(JSON.parse(text));
    return [...missing, ...(isValid ? [] : [ajv.errorsText(validate.errors)])];
  }
});

interface Request {
  path: Record<string, string | number>;
  query: string;
  body: string | FormData | undefined;
  headers: Record<string, string>;
}

interface Reply {
  method: string;
  path: string;
  status: number;
  headers: Headers;
  text: string;
}

interface TestAccount {
  email: string;
  password: string;
  accessToken: string;
  refreshToken: string;
}

const noAccount: TestAccount = { email: '', password: '', accessToken: '', refreshToken: '' };

/** Somebody who may: for operations on the session somebody new, because those may end it. */
function accountFor(operation: Operation, made: Record<string, number>): Promise<Client> {
  if (operation === 'auth:mfa-disable') return api.somebody(['staff']);
  if (operation.startsWith('auth:')) return api.somebody(['admin']);
  return api.as('admin', operation.startsWith('me:') ? { memberId: made.members } : {});
}

/** A cold object of the archive, which takes years to come by. */
async function coldArchive(): Promise<number> {
  const objectKey = 'entries/2020/example.parquet';
  const { store } = api.app.get(PublishedLog);
  const content = Readable.from([Buffer.from('example')]);
  const { sha256 } = await store.put(objectKey, content, { mediaType: 'text/plain', storageClass: 'GLACIER' });
  const [made] = await api.query<{ id: number }>(
    `INSERT INTO archives (month, state, format, object_key, after_txid, after_id, through_txid, through_id, entry_count, bytes, sha256,
       root, longest_line, first_txid, first_id, lowest_id, highest_id, first_changed_at, last_changed_at, table_names, storage_class,
       retain_until, manifest, stored_at)
     VALUES ('2020-01-01', 'stored', 'parquet', $1, 0, 0, 1, 1, 1, 7, $2, $2, 1, 1, 1, 1, 1, '2020-01-05', '2020-01-05', '{members}',
       'GLACIER', '2027-02-01', 'example', now()) RETURNING id`,
    [objectKey, sha256],
  );
  return made?.id ?? 0;
}

/** The review of a use of break-glass, which is not created by an operation of its own. */
async function openedReview(): Promise<number> {
  const { id: userId } = await api.account(['staff']);
  const [review] = await api.query<{ id: number }>(
    `INSERT INTO break_glass_reviews (entry_id, table_name, record_id, opened_by, reason)
     VALUES (1, 'members', 1, $1, 'Accident on site') RETURNING id`,
    [userId],
  );
  return Number(review?.id);
}

/** A registration that the office confirms, of a member who is no other record's. */
async function waitingRegistration(): Promise<number> {
  const [registration] = await api.query<{ id: number }>(
    `WITH m AS (INSERT INTO members (member_number, first_name, last_name, classification)
       VALUES ('GUESSED', 'Rosa', 'Delgado', 'journeyman') RETURNING id)
     INSERT INTO registrations (member_id, email, token_hash, expires_at, needs_confirmation)
     SELECT id, 'candidate@local.example', repeat('0', 64), now() + interval '1 day', true FROM m RETURNING id`,
  );
  return Number(registration?.id);
}

/** The operations of one tag together, in the order of the document, save that a record is created before it is read. */
function createdFirst(routes: Route[]): Route[] {
  const tags = [...new Set(routes.map((route) => route.tags?.[0]))];
  const isCreation = ({ operationId }: Route) => operationId.endsWith(':create');
  return tags.flatMap((tag) => {
    const ofTag = routes.filter((route) => route.tags?.[0] === tag);
    return [...ofTag.filter(isCreation), ...ofTag.filter((route) => !isCreation(route))];
  });
}

/** Brings the one record of a workflow to the state from which the operation is possible. */
async function makeReady(operation: Operation): Promise<void> {
  const status = (
    {
      'benevolence-applications:pay': 'approved',
      'benevolence-reviews:create': 'submitted',
    } as Partial<Record<Operation, string>>
  )[operation];
  if (operation.startsWith('benevolence-')) {
    await api.query(
      `UPDATE benevolence_applications SET status = $1::varchar, payment_date = NULL, payment_method = NULL,
         approved_amount = CASE WHEN $1::varchar = 'approved' THEN amount_requested END`,
      [status ?? 'draft'],
    );
  }
  // While it is archived, and cold, it is in the way of exports.
  await api.query('UPDATE archives SET state = $1', [operation === 'archives:restore' ? 'archived' : 'stored']);
  if (operation.startsWith('grievances:')) await api.query(`UPDATE grievances SET status = 'open'`);
}

/** Which record a field of a body names, by the tag under which it was created. */
const references: Record<string, string> = {
  memberId: 'members',
  organizationId: 'organizations',
  employerId: 'organizations',
  applicationId: 'benevolence-applications',
  assignedRepId: 'users',
  userId: 'users',
};

/** A number that a path takes, by the tag: an example, or what the server makes first. */
function numberFor(tag: string | undefined): string | number {
  if (tag === 'students') return 'S000001';
  if (tag === 'grievances')
    return `${String(exampleOf({ $ref: '#/components/schemas/GrievanceView' }, 'grievanceNumber')).slice(0, 8)}0001`;
  return exampleOf({ $ref: '#/components/schemas/MemberView' }, 'memberNumber') as string;
}

/** A request as the document's own examples have it, save for what depends on the moment. */
function requestFor(
  { operationId, tags, requestBody }: Route,
  made: Record<string, number>,
  account: TestAccount,
  stage: Awaited<ReturnType<typeof stageOf>> = {},
): Request {
  const id = stage.id ?? made[tags?.[0] ?? ''] ?? 0;
  const [mediaType, content] = Object.entries(requestBody?.content ?? {})[0] ?? ['', undefined];
  // Of one's own record, only contact details are one's own to change.
  const sample = operationId === 'me:update' ? { phone: '555-0199' } : content && exampleOf(content.schema);
  const inPlace: Partial<Record<Operation, object>> = {
    'auth:login': { email: account.email, password: account.password },
    'auth:refresh': { refreshToken: account.refreshToken },
    'auth:change-password': { newPassword: 'another battery staple', currentPassword: account.password },
    'users:create': { memberId: null },
    'users:update': { memberId: null },
  };
  const isForm = mediaType === 'multipart/form-data';
  const queries: Partial<Record<Operation, string>> = {
    'members:import': 'mode=report',
    'audit:consistency': 'from=0',
    'attachments:list': `recordType=member&recordId=${made.members}`,
  };
  const referring = Object.fromEntries(
    Object.keys(mediaType === 'application/json' ? (sample as object) : {})
      .filter((field) => field in references)
      .map((field) => [field, made[references[field] ?? '']]),
  );
  return {
    path: { id, stepId: made['grievances:record-step'] ?? 0, number: numberFor(tags?.[0]) },
    query: queries[operationId] ?? '',
    body: bodyOf(mediaType, sample, {
      ...referring,
      ...inPlace[operationId],
      ...stage.body,
      ...(isForm && { recordId: made.members }),
    }),
    // Of a form, the boundary is known to who writes it.
    headers: {
      ...(mediaType && !isForm && { 'Content-Type': mediaType }),
      ...(operationId === 'legal-holds:delete' && { 'X-Access-Reason': 'Settled' }),
    },
  };
}

function bodyOf(mediaType: string, sample: unknown, inPlace: object): Request['body'] {
  if (mediaType === 'application/json') return JSON.stringify({ ...(sample as object), ...inPlace });
  if (mediaType !== 'multipart/form-data') return sample as string | undefined;
  const form = new FormData();
  const { file, ...fields } = { file: '', ...(sample as object), ...inPlace };
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  form.append('file', new Blob([file]), 'sample.txt');
  return form;
}

async function send(
  { method, path: template }: Route,
  { path: values, query, body, headers }: Request,
  token: string,
): Promise<Reply> {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  const authorization: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const reply = await fetch(`${api.url}${path}?${query}`, { method, body, headers: { ...headers, ...authorization } });
  return { method, path, status: reply.status, headers: reply.headers, text: await reply.text() };
}

/** A value that a schema's examples make; of a schema without one, the simplest of its kind. */
function exampleOf(schema: Schema, property?: string): unknown {
  if (schema.$ref) return exampleOf(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, property);
  if (property) return exampleOf(schema.properties?.[property] ?? {});
  const given = schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.enum?.[0];
  if (given !== undefined) return given;
  const [alternative] = schema.anyOf ?? schema.oneOf ?? [];
  if (alternative) return exampleOf(alternative);
  if (schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, exampleOf(part)]));
  }
  if (schema.items) return [exampleOf(schema.items)];
  return { boolean: true, integer: schema.minimum ?? 1, number: schema.minimum ?? 1 }[String(schema.type)] ?? 'text';
}

/** For a schema that stands alone, the components are below $defs. */
function inlined<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/')) as T;
}

function isProblem(
  status: number,
  content: Record<string, Content & { examples?: Record<string, unknown> }> = {},
): boolean {
  const { schema, examples = {} } = content['application/problem+json'] ?? {};
  const codes = Object.keys(examples) as ErrorCode[];
  const fit = codes.length > 0 && codes.every((code) => ERRORS[code].status === status);
  return fit && Object.keys(content).length === 1 && schema?.$ref === '#/components/schemas/Problem';
}

function isExplained({ description, example, examples, $ref }: Schema): boolean {
  return Boolean(description ?? example ?? examples ?? $ref);
}

/** The properties below a schema that are not explained. A list of what has a name of its own is explained by that. */
function unexplainedIn(schema: Schema, at: string): string[] {
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
    ...(isExplained(property) || property.items?.$ref ? [] : [`${at}.${name}`]),
    ...unexplainedIn(property, `${at}.${name}`),
  ]);
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [
    ...properties,
    ...alternatives.flatMap((alternative) => unexplainedIn(alternative, at)),
    ...(schema.items ? unexplainedIn(schema.items, `${at}[]`) : []),
    ...(typeof schema.additionalProperties === 'object' ? unexplainedIn(schema.additionalProperties, `${at}{}`) : []),
  ];
}

interface LintProblem {
  ruleId: string;
  severity: 'error' | 'warn';
  message: string;
}

/** redocly exits with 1 where it finds errors; what it found is on stdout either way. */
async function redoclyProblems(): Promise<LintProblem[]> {
  const lint = runTool(
    require.resolve('@redocly/cli/bin/cli.js'),
    'lint',
    'docs/openapi.json',
    '--format=json',
    '--max-problems=1000',
  );
  const { stdout } = await lint.catch((failure: unknown) => failure as { stdout: string });
  return (JSON.parse(stdout) as { problems: LintProblem[] }).problems;
}

function runTool(program: string, ...options: string[]) {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  return run(process.execPath, [program, ...options], {
    cwd: root,
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
}

function writeCompilerOptions(folder: string): string {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2022', 'dom'],
    types: [],
  };
  const file = join(folder, 'tsconfig.json');
  writeFileSync(
    file,
    JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true }, files: ['client.ts'] }),
  );
  return file;
}

const typedClient = `
import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

type Member = components['schemas']['MemberView'];
const client = createClient<paths>({ baseUrl: 'http://127.0.0.1:3000' });

export async function moveMember(id: number, city: string): Promise<Member> {
  const found = await client.GET('/api/v1/members/{id}', {
    params: { path: { id }, header: { 'X-Access-Reason': 'Call from the member' } },
  });
  if (found.error) throw new Error(found.error.type + ': ' + found.error.detail);
  const etag = found.response.headers.get('ETag') ?? '';
  const moved = await client.PATCH('/api/v1/members/{id}', {
    params: { path: { id }, header: { 'If-Match': etag } },
    body: { city, phone: null, status: 'active' },
  });
  if (moved.error) throw new Error(moved.error.errors?.map(({ pointer, message }) => pointer + ' ' + message).join() ?? moved.error.title);
  return moved.data;
}

export async function namesOfRetired(): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const { data, error } = await client.GET('/api/v1/members', { params: { query: { status: 'retired', limit: 200, cursor } } });
    if (error) throw new Error(error.title);
    names.push(...data.items.map(({ firstName, lastName }) => firstName + ' ' + lastName));
    cursor = data.nextCursor ?? undefined;
  } while (cursor);
  return names;
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error -- there is no such route
  await client.GET('/api/v1/membres');
  // @ts-expect-error -- there is no such status
  await client.GET('/api/v1/members', { params: { query: { status: 'dead' } } });
  // @ts-expect-error -- a member has a number
  await client.POST('/api/v1/members', { body: { firstName: 'Rosa', lastName: 'Delgado', classification: 'journeyman' } });
  // @ts-expect-error -- an id is a number
  await client.GET('/api/v1/members/{id}', { params: { path: { id: 'seventeen' } } });
}
`;
