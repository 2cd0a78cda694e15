import { z } from 'zod';
import { DomainError, ERRORS, type ErrorCode } from '#kernel';

/** RFC 9457 problem details, with the request id a person can quote. */
export const Problem = z
  .object({
    type: z.string().describe('The stable code of the error, as a URI reference into the error catalogue.'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string().describe('The path of the request.'),
    requestId: z.string(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

export const problemMediaType = 'application/problem+json; charset=utf-8';

export function problemOf(error: DomainError, instance: string, requestId: string): z.infer<typeof Problem> {
  return {
    type: `/docs/errors#${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.message,
    instance,
    requestId,
    ...(error.errors ? { errors: error.errors } : {}),
  };
}

/** The code for an error that the HTTP layer itself raised, known by its status only. */
function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'auth.required';
    case 403:
      return 'access.denied';
    case 404:
      return 'route.not-found';
    case 408:
      return 'request.timed-out';
    case 413:
      return 'request.too-large';
    case 415:
      return 'request.media-type-unsupported';
    case 422:
      return 'request.invalid';
    case 431:
      return 'request.headers-too-large';
    case 503:
      return 'service.unavailable';
    default:
      return status >= 400 && status < 500 ? 'request.malformed' : 'internal.error';
  }
}

/** Whatever was thrown, as the error a client sees. An unexpected one shows nothing of itself. */
export function asDomainError(thrown: unknown): DomainError {
  if (thrown instanceof DomainError) return thrown;
  const status = statusOf(thrown);
  const code = codeOfStatus(status);
  const detail = status < 500 && thrown instanceof Error ? safeDetail(code, thrown.message) : ERRORS[code].title;
  return new DomainError(code, detail, { cause: thrown });
}

function statusOf(thrown: unknown): number {
  const { statusCode, getStatus } = (thrown ?? {}) as { statusCode?: unknown; getStatus?: () => number };
  if (typeof getStatus === 'function') return getStatus.call(thrown);
  return typeof statusCode === 'number' ? statusCode : 500;
}

/** The framework's own message helps with malformed JSON and the like; an unknown route would repeat the address. */
function safeDetail(code: ErrorCode, message: string): string {
  return code === 'route.not-found' ? 'Look for the route in /docs.' : message;
}
