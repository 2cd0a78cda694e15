import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { ERRORS, type ErrorCode } from '#kernel';
import { NamedRoute } from '#platform/http';
import { OPERATIONS, opensByBreakGlass, type Operation } from './permissions';

export const OPERATION = Symbol('operation');

interface AllowOptions {
  /** One sentence for the OpenAPI document. */
  summary: string;
  description?: string;
  /** The schema of the body of a success; without one the success has no body. */
  reply?: z.ZodType;
  /** The status of a success: 200 with a body, 204 without, unless given. */
  status?: number;
  /** Errors beyond those every operation can answer. */
  errors?: ErrorCode[];
}

const everywhere: ErrorCode[] = [
  'request.malformed',
  'request.invalid',
  'internal.error',
  'service.unavailable',
  'audit.unavailable',
];
/** Nobody counts whether the process lives. */
const isLimited = (operation: Operation) => operation !== 'system:live';
/** Replies about the service itself say no limit to the operator, who has none. */
const saysLimit = (operation: Operation) => !operation.startsWith('system:');
const withAccount: ErrorCode[] = [
  'auth.required',
  'auth.token-invalid',
  'access.denied',
  'auth.password-change-required',
  'auth.mfa-required',
  'access.reason-required',
  'access.break-glass-refused',
];

const exampleRequestId = '019abf4e-7a10-7c3e-9d52-3f8b1c0e2a44';

const accessReason = {
  name: 'X-Access-Reason',
  required: false,
  description: 'Why the record is looked at or changed; kept in the ledger, up to 500 characters.',
  schema: { type: 'string', maxLength: 500, example: 'Call from the member about dues' },
};
const breakGlass = {
  name: 'X-Break-Glass',
  required: false,
  description:
    '`true` opens, in an emergency, a record that your roles do not: for this request, with a reason, for those who may. Each use is reviewed.',
  schema: { type: 'string', enum: ['true', 'false'] },
};
const ifMatch = {
  name: 'If-Match',
  required: false,
  description: 'The ETag of the version the change is meant for; 412 when the record has changed since.',
  schema: { type: 'string', example: '"1234"' },
};
const idempotencyKey = {
  name: 'Idempotency-Key',
  required: false,
  description: 'A name for this attempt: sent again within 24 hours, it creates nothing twice.',
  schema: { type: 'string', minLength: 1, maxLength: 255, example: '7f1c9a52-intake-form' },
};

const count = { type: 'integer', minimum: 0 } as const;

/** Headers of many replies, for the document's components. */
export const commonHeaders = {
  'RateLimit-Limit': { description: 'Requests per minute.', schema: count },
  'RateLimit-Remaining': { description: 'How many of them are left now.', schema: count },
  'RateLimit-Reset': { description: 'Seconds until all of them are.', schema: count },
  'Retry-After': { description: 'Seconds to wait; what is sent sooner makes the wait longer.', schema: count },
};
type CommonHeader = keyof typeof commonHeaders;
const limitHeaders: CommonHeader[] = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'];

function references(names: CommonHeader[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/**
 * Declares a route's operation: who may call it (by the permission table), its OpenAPI operation id and errors, and the
 * name under which it appears in the ledger, logs and metrics. A route without it answers 403.
 */
export function Allow(operation: Operation, options: AllowOptions): MethodDecorator {
  const permission = OPERATIONS[operation];
  const isPublic = permission === 'public';
  const codes = [
    ...everywhere,
    ...(isLimited(operation) ? (['rate.limited'] as const) : []),
    ...(isPublic ? [] : withAccount),
    ...(options.errors ?? []),
  ];
  return applyDecorators(
    SetMetadata(OPERATION, operation),
    NamedRoute(operation),
    ApiOperation({ operationId: operation, summary: options.summary, description: options.description }),
    ApiExtension('x-permission', permission),
    ...(isPublic ? [] : [ApiBearerAuth(), ApiHeader(accessReason)]),
    ...(opensByBreakGlass(operation) ? [ApiHeader(breakGlass)] : []),
    ...(codes.includes('record.stale-version') ? [ApiHeader(ifMatch)] : []),
    ...(codes.includes('idempotency.key-reused') ? [ApiHeader(idempotencyKey)] : []),
    successResponse(options, saysLimit(operation) ? limitHeaders : []),
    ...problemResponses(codes),
  );
}

const newRecord = { description: 'The new record.', schema: { type: 'string' as const } };

function successResponse({ reply, status }: AllowOptions, names: CommonHeader[]): MethodDecorator {
  const created: Record<string, typeof newRecord> = reply && status === 201 ? { Location: newRecord } : {};
  const given = { ...references(names), ...created };
  const headers = Object.keys(given).length > 0 ? given : undefined;
  if (!reply) return ApiResponse({ status: status ?? 204, description: 'Done.', headers });
  return ApiResponse({ status: status ?? 200, description: 'Done.', standardSchema: reply as never, headers });
}

/** One documented response per status, naming the codes it can carry. */
function problemResponses(codes: ErrorCode[]): MethodDecorator[] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].map(([status, statusCodes]) =>
    ApiResponse({
      status,
      headers: status === ERRORS['rate.limited'].status ? references([...limitHeaders, 'Retry-After']) : undefined,
      description: statusCodes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(statusCodes.map((code) => [code, { value: exampleOf(code) }])),
        },
      },
    }),
  );
}

function exampleOf(code: ErrorCode) {
  const { title, status } = ERRORS[code];
  const instance = '/api/v1/members/17';
  const problem = {
    type: `/docs/errors#${code}`,
    title,
    status,
    detail: `${title}.`,
    instance,
    requestId: exampleRequestId,
  };
  return status === 422 ? { ...problem, errors: [{ pointer: '/firstName', message: 'is required' }] } : problem;
}
