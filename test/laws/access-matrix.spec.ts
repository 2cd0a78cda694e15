import { Controller, Get } from '@nestjs/common';
import { BREAK_GLASS, OPERATIONS, PERMISSIONS, ROLES, type Operation, type Permission, type Role } from '#access';
import { openApiDocument } from '#app';
import { MembersModule } from '#members';
import { startApi, type LocalApi } from '../support/harness';
import { expectCommitted } from '../support/committed';

/** Routes of Fastify's that are no operations, each with its reason. One that is gone must go. */
const otherRoutes: Record<string, string> = {
  '/docs': 'Swagger UI: it shows the document, and no record',
  '/openapi.json': 'the document itself',
};

/** Ids and numbers that no record has: whether it is refused is all that is asked. */
const parameters: Record<string, string> = { id: '2147483647', stepId: '2147483647', number: 'NOBODY' };

interface Route {
  operation: Operation;
  method: string;
  path: string;
  /** The statuses that the document names. */
  statuses: number[];
}

let api: LocalApi;
let routes: Route[];

beforeAll(async () => {
  api = await startApi();
  routes = Object.entries(openApiDocument(api.app).paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { operationId: Operation; responses: Record<string, unknown> }>).map(
      ([method, { operationId, responses }]) => ({
        operation: operationId,
        method: method.toUpperCase(),
        path,
        statuses: Object.keys(responses).map(Number),
      }),
    ),
  );
});

afterAll(() => api.close());

describe('docs/access-matrix.md', () => {
  it('is made from the tables of libs/access (npm run generate)', () => {
    expectCommitted('docs/access-matrix.md', accessMatrix());
  });
});

describe('every route', () => {
  it('has a declared operation of its own, and every operation has a route', () => {
    expect(routes.map(({ operation }) => operation).sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  it('is in the document that this spec reads, whoever registered it', () => {
    const documented = routes.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
    const registered = routesOf(api.app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false }));
    const excused = (route: string) => Object.keys(otherRoutes).some((prefix) => route.startsWith(`GET ${prefix}`));
    expect(registered.filter((route) => !excused(route)).sort()).toEqual(documented.sort());
    expect(Object.keys(otherRoutes).filter((prefix) => !registered.includes(`GET ${prefix}`))).toEqual([]);
  });

  it('is refused to everybody, administrators included, while it declares no operation', async () => {
    const forgetful = await startWith(UndeclaredController);
    const admin = await forgetful.as('admin');
    const replies = [await admin.get('/undeclared'), await forgetful.anonymous.get('/undeclared')];
    await forgetful.close();
    expect(replies.map(({ status }) => status)).toEqual([403, 403]);
    expect(replies.map((reply) => reply.json().type)).toEqual(Array(2).fill('/docs/errors#access.denied'));
  });
});

describe('the running API', () => {
  it.each(['nobody', ...ROLES] as const)(
    'refuses %s what the matrix refuses, on the record, and nothing else',
    async (who) => {
      const surprises: string[] = [];
      for (const route of routes) {
        const reply = await call(route, who);
        const { status, type } = reply;
        const expected = expectedRefusal(route.operation, who);
        const actual = status === 401 || status === 403 ? `${status} ${type}` : 'not refused';
        if (actual !== expected) surprises.push(`${route.operation}: ${actual}, not ${expected}`);
        if (!route.statuses.includes(status))
          surprises.push(`${route.operation}: its document does not name ${status}`);
        const denials = (await api.entries({ requestId: reply.requestId, action: 'ACCESS_DENIED' })).length;
        // A 404 may hide a record from its asker, and is then on record as well.
        const isRecorded = expected === 'not refused' ? denials === 0 || status === 404 : denials === 1;
        if (!isRecorded) surprises.push(`${route.operation}: ${denials} denials on record`);
      }
      expect(surprises).toEqual([]);
    },
  );
});

type Somebody = Role | 'nobody';

/** What stands in the table for an operation: the scope of a grant, `open` for a public operation, or nothing. */
function grantOf(permission: Permission | 'public', who: Somebody): string | undefined {
  if (permission === 'public') return 'open';
  const grants: Partial<Record<Somebody, string>> = PERMISSIONS[permission];
  return grants[who];
}

function expectedRefusal(operation: Operation, who: Somebody): string {
  if (grantOf(OPERATIONS[operation], who)) return 'not refused';
  return who === 'nobody' ? '401 /docs/errors#auth.required' : '403 /docs/errors#access.denied';
}

async function call({ operation, method, path }: Route, who: Somebody) {
  const url = api.url + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? name);
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const headers: Record<string, string> = hasBody ? { 'Content-Type': 'application/json' } : {};
  if (who !== 'nobody') headers.Authorization = `Bearer ${(await clientFor(operation, who)).session.accessToken}`;
  const reply = await fetch(url, { method, headers, body: hasBody ? '{}' : undefined });
  const text = await reply.text();
  const isProblem = reply.headers.get('content-type')?.startsWith('application/problem+json');
  const type = isProblem ? (JSON.parse(text) as { type: string }).type : undefined;
  return { status: reply.status, type, requestId: reply.headers.get('x-request-id') ?? '' };
}

/** Operations on the session itself may end it, so each gets a session of its own. */
function clientFor(operation: Operation, role: Role) {
  return operation.startsWith('auth:') ? api.somebody([role]) : api.as(role);
}

/** A controller whose author forgot @Allow. */
@Controller('undeclared')
class UndeclaredController {
  @Get()
  show(): string {
    return 'seen by everybody';
  }
}

/** The whole application, in which a feature has one more controller. */
async function startWith(controller: object): Promise<LocalApi> {
  const controllers = Reflect.getMetadata('controllers', MembersModule) as object[];
  Reflect.defineMetadata('controllers', [...controllers, controller], MembersModule);
  const started = await startApi({ database: api.database });
  Reflect.defineMetadata('controllers', controllers, MembersModule);
  return started;
}

/** `METHOD /path` of every route, from Fastify's drawing of its tree, in which each line continues the path of its parent. */
function routesOf(drawing: string): string[] {
  const prefixes: string[] = [];
  return drawing.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^(.*)[├└]── (\S*) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (!part) return [];
    const depth = indent.length / 4;
    const path = (prefixes[depth - 1] ?? '') + part;
    prefixes[depth] = path;
    return methods
      .split(', ')
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method} ${path}`);
  });
}

const introduction = `# Who may do what

Made from \`libs/access/src/permissions.ts\` by \`npm run generate\`; \`test/laws/access-matrix.spec.ts\` calls every operation as everybody
and compares.

- **open**: no account is needed.
- **all**: every record. **self**: the actor's own record, or what hangs on it. **own**: what the actor did. **members**: entries
  about members. **students**: members who are students of the instructor. **owner**: what belongs to records that they may
  read; to change it, records that they may change as a whole.
- **–**: refused, 401 without an account and 403 with one. A record outside the scope is answered like one that is absent: 404.
  Both are put on record.`;

function accessMatrix(): string {
  const operations = Object.entries(OPERATIONS).map(([operation, permission]) => ({ name: operation, permission }));
  const used = new Set<string>(Object.values(OPERATIONS));
  const others = Object.keys(PERMISSIONS)
    .filter((permission) => !used.has(permission))
    .map((permission) => ({ name: permission, permission: permission as Permission }));
  const grants = (permission: Permission | 'public', whom: readonly Somebody[]) =>
    whom.map((who) => grantOf(permission, who) ?? '–');
  const everybody = ['nobody', ...ROLES] as const;
  return (
    [
      introduction,
      '## Operations',
      table(
        ['operation', 'permission', ...everybody],
        operations.map(({ name, permission }) => [`\`${name}\``, permission, ...grants(permission, everybody)]),
      ),
      '## Permissions that are asked for within operations',
      table(
        ['permission', ...ROLES],
        others.map(({ name, permission }) => [`\`${name}\``, ...grants(permission, ROLES)]),
      ),
      '## What break-glass opens',
      `To those who hold \`break-glass:use\`, one record at a time and for reading ([why](decisions/0014-break-glass.md)): ${BREAK_GLASS.operations
        .map((operation) => `\`${operation}\``)
        .join(', ')}.`,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

/** A Markdown table with columns of even width, as prettier would lay it out. */
function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
