import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { ERRORS, type ErrorCode } from '#kernel';
import { OPERATIONS, type Operation } from './permissions';

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

const everywhere: ErrorCode[] = ['request.malformed', 'request.invalid', 'internal.error', 'service.unavailable', 'audit.unavailable'];
const withAccount: ErrorCode[] = ['auth.required', 'auth.token-invalid', 'access.denied', 'auth.password-change-required'];

/**
 * Declares a route's operation: who may call it (by the permission table), its OpenAPI operation id and errors, and the
 * name under which it appears in the ledger, logs and metrics. A route without it answers 403.
 */
export function Allow(operation: Operation, options: AllowOptions): MethodDecorator {
  const permission = OPERATIONS[operation];
  const isPublic = permission === 'public';
  const codes = [...everywhere, ...(isPublic ? [] : withAccount), ...(options.errors ?? [])];
  return applyDecorators(
    SetMetadata(OPERATION, operation),
    ApiOperation({ operationId: operation, summary: options.summary, description: options.description }),
    ApiExtension('x-permission', permission),
    ...(isPublic ? [] : [ApiBearerAuth()]),
    successResponse(options),
    ...problemResponses(codes),
  );
}

function successResponse({ reply, status }: AllowOptions): MethodDecorator {
  if (!reply) return ApiResponse({ status: status ?? 204, description: 'Done.' });
  return ApiResponse({ status: status ?? 200, description: 'Done.', standardSchema: reply as never });
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
      description: statusCodes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }),
  );
}
