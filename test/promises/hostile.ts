import fc from 'fast-check';
import type { OpenAPIObject } from '@nestjs/swagger';

/** One request that nobody wrote with good intent. */
export interface HostileRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  example?: unknown;
  examples?: unknown[];
  type?: string;
  enum?: unknown[];
  anyOf?: Schema[];
}
interface Operation {
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

const strings = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '\0',
      'a\0b',
      '\ud800',
      '\udfff\ud800',
      'a\u0007',
      '\u202e',
      '\ufeff',
      '\u{10ffff}',
      '🙂'.repeat(200),
      'é'.repeat(101),
    ],
    ...[
      'x'.repeat(70_000),
      `' OR 1=1 --`,
      '$1',
      '%',
      '_',
      '\\',
      '<script>alert(1)</script>',
      '../../../etc/passwd',
      '=1+1',
      '{}',
      '[]',
    ],
    ...[
      'NaN',
      'Infinity',
      '-0',
      '1e400',
      '0x1',
      '１',
      'null',
      'undefined',
      'true',
      '__proto__',
      'constructor',
      '2026-02-30',
      '0000-00-00',
    ],
    ...[
      '2026-01-31T12:00:00+23:59',
      '9999-12-31T23:59:59.999999999Z',
      '0000-01-01T00:00:00Z',
      'infinity',
      '1800-01-01',
      '::1%eth0',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 300 }),
);
const numbers = fc.constantFrom(0, -1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 63, 5e-324, -0);
const others = fc.constantFrom<unknown>(
  null,
  true,
  false,
  [],
  [1],
  [[1]],
  ['admin'],
  {},
  { $ne: null },
  { toString: 'x' },
  nested(3000),
);
const values = fc.oneof({ weight: 3, arbitrary: strings }, numbers, others);

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
}

const headerText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '"',
    '*',
    'W/"1"',
    '"1',
    '""',
    '"1","x"',
    '"99999999999999999999"',
    '\x80\xff',
    'a\tb',
    ',',
    'x'.repeat(5000),
  ),
  fc.string({ maxLength: 100 }).map((text) => text.replace(/[^\x20-\x7e]/g, '')),
);
const headerNames = [
  ...[
    'authorization',
    'if-match',
    'if-none-match',
    'idempotency-key',
    'x-request-id',
    'x-access-reason',
    'user-agent',
    'accept',
  ],
  ...['x-forwarded-for', 'accept-encoding', 'cookie', 'range', 'content-language', 'x-http-method-override', 'origin'],
];
const contentTypes = [
  ...[
    'application/json',
    'application/merge-patch+json',
    'text/plain',
    'text/csv',
    'multipart/form-data',
    'application/xml',
    'json',
    '',
  ],
  ...[
    'application/json; charset=utf-16',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    '*/*',
  ],
];
const rawBodies = [
  ...[
    '',
    '{',
    '{"a":',
    '[]',
    'null',
    '1',
    '"text"',
    '{"a":1,"a":2}',
    '{"__proto__":{"isAdmin":true}}',
    '{"constructor":{"prototype":{}}}',
  ],
  ...[
    '\ufeff{}',
    '{"a":"\ud800"}',
    '{"a":"\\ud800"}',
    '{"a":1e999}',
    '{} {}',
    '\0',
    '<xml/>',
    '['.repeat(100_000),
    `{"a":"${'x'.repeat(1_100_000)}"}`,
  ],
];

/** Requests to every operation of the document, the same in every run. `id` is a record that exists. */
export function hostileRequests(
  document: OpenAPIObject,
  { seed, perOperation, id }: { seed: number; perOperation: number; id: number },
) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).flatMap(([method, operation]) =>
      fc.sample(against(document, method.toUpperCase(), path, operation, id), { seed, numRuns: perOperation }),
    ),
  );
}

function against(
  document: OpenAPIObject,
  method: string,
  path: string,
  operation: Operation,
  id: number,
): fc.Arbitrary<HostileRequest> {
  const parameters = operation.parameters ?? [];
  const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const pathValue = fc.oneof({ weight: 2, arbitrary: fc.constant(String(id)) }, segments);
  return fc
    .record({
      places: fc.array(pathValue, { minLength: inPath.length, maxLength: inPath.length }),
      query: queryOf(inQuery),
      headers: fc.dictionary(fc.constantFrom(...headerNames), headerText, { maxKeys: 2 }),
      contentType: fc.option(fc.constantFrom(...contentTypes), { nil: undefined, freq: 4 }),
      body: fc.oneof(fc.constantFrom(...rawBodies), bodyOf(document, schema)),
    })
    .map(({ places, query, headers, contentType, body }) => {
      let filled = path;
      inPath.forEach((name, index) => (filled = filled.replace(`{${name}}`, places[index] ?? '')));
      const sends = method !== 'GET' && method !== 'HEAD';
      const type = contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
      return {
        method,
        path: `${filled}${query && `?${query}`}`,
        headers: sends && schema ? { ...headers, 'content-type': type } : headers,
        body: sends && schema ? body : undefined,
      };
    });
}

const segments = fc.oneof(
  fc.constantFrom(
    '0',
    '-1',
    '1.5',
    '2147483648',
    '99999999999999999999',
    '%00',
    '%',
    '%zz',
    '%ED%A0%80',
    '%F0%9F%99%82',
    'a'.repeat(300),
    '%2e%2e%2f',
    '..;',
    'null',
  ),
  fc.string({ minLength: 1, maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
);

/** Wrong values, unknown names, repeated and nested ones; percent-encoding that is none. */
function queryOf(parameters: { name: string; schema?: Schema }[]): fc.Arbitrary<string> {
  const names = [...parameters.map(({ name }) => name), 'unknown', '__proto__', 'constructor', 'limit[]', 'limit[$gt]'];
  const value = fc.oneof(
    strings.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 4000).replace(/%.?$/, '')),
    fc.constantFrom(
      '1',
      '%00',
      '%',
      '%zz',
      '%ED%A0%80',
      '+',
      'bnVsbA',
      'WyIiLCIxIl0',
      'WyIiLCJhIl0',
      'WyJ0cmFpbCIsImEiLCJiIl0',
    ),
  );
  return fc
    .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 3 })
    .map((pairs) => pairs.map(([name, text]) => `${name}=${text}`).join('&'));
}

/** A body as the document has it, with one or two fields spoilt, or one that it does not have. */
function bodyOf(document: OpenAPIObject, schema: Schema | undefined): fc.Arbitrary<string> {
  const properties = resolve(document, schema).properties ?? {};
  const names = [...Object.keys(properties), 'unknown', '__proto__', 'id', 'auditRef'];
  const valid = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, exampleOf(document, property)]),
  );
  return fc
    .dictionary(fc.constantFrom(...names), values, { minKeys: 1, maxKeys: 2 })
    .map((spoilt) => JSON.stringify({ ...valid, ...spoilt }, undefined));
}

function exampleOf(document: OpenAPIObject, property: Schema): unknown {
  const schema = resolve(document, property);
  const options = schema.anyOf?.map((option) => exampleOf(document, option)) ?? [];
  return (
    schema.example ??
    schema.examples?.[0] ??
    schema.enum?.[0] ??
    options[0] ??
    { string: 'text', boolean: true, integer: 1 }[schema.type ?? '']
  );
}

function resolve(document: OpenAPIObject, schema: Schema = {}): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name ? ((document.components?.schemas?.[name] as Schema | undefined) ?? {}) : schema;
}
