import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { commonHeaders } from '#access';
import { Problem } from '#platform/http';
import { OpenApiReply } from './openapi-reply';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

const description = `A union local's member database whose every access is on the record.

Log in with \`POST /api/v1/auth/login\` and send the access token as \`Authorization: Bearer …\`. Say why you look at a record with
\`X-Access-Reason\`. Single records carry an \`ETag\`; send it back as \`If-Match\` to change exactly what you saw. Errors are
\`application/problem+json\` (RFC 9457); their codes are listed in docs/errors.md.`;

/** The OpenAPI 3.1 document: routes from their decorators, schemas from the Zod schemas that also validate. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('IP2A')
    .setDescription(description)
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType),
  });
  const problem = convert(Problem, 'output');
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...problem?.components },
    headers: commonHeaders,
  };
  document.tags = [...new Set(Object.values(document.paths).flatMap(tagsOf))].sort().map((name) => ({ name }));
  return document;
}

/** Named schemas (`.meta({ id })`) become components; the others stand where they are used. */
function convert(schema: z.ZodType, schemaType: 'input' | 'output') {
  if (!(schema instanceof z.ZodType)) return undefined;
  const {
    $defs,
    $schema: _dialect,
    ...converted
  } = z.toJSONSchema(schema, {
    io: schemaType,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // Zod leaves it out where the text of a query is read as a number first.
      if (zodSchema instanceof z.ZodDefault) jsonSchema.default = zodSchema.def.defaultValue;
      // The bounds of JavaScript's own numbers are no rule of ours.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return { schema: rewriteRefs(converted), components: rewriteRefs($defs ?? {}) as Schemas };
}

function rewriteRefs<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/')) as T;
}

function tagsOf(path: OpenAPIObject['paths'][string]): string[] {
  return Object.values(path as Record<string, { tags?: string[] }>).flatMap((operation) => operation.tags ?? []);
}

/** Swagger UI at /docs, the document at /openapi.json. The first request for it makes the document, not the start. */
export function serveDocs(app: NestFastifyApplication): void {
  let document: OpenAPIObject | undefined;
  let json: OpenApiReply | undefined;
  const made = () => (document ??= openApiDocument(app));
  const server = app.getHttpAdapter().getInstance();
  server.get('/openapi.json', (request, reply) => (json ??= new OpenApiReply(made())).send(request, reply));
  SwaggerModule.setup('docs', app, made, {
    raw: false,
    customSiteTitle: 'IP2A',
    swaggerOptions: { persistAuthorization: true, displayOperationId: true, tagsSorter: 'alpha' },
  });
}
