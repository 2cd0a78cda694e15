/**
 * Every error a client can meet, by its stable code. The status lives here and nowhere else; docs/errors.md lists the
 * same codes and a spec compares the two in both directions. A retired code is never used again.
 */
export const ERRORS = {
  'request.malformed': { status: 400, title: 'The request can not be read' },
  'request.invalid': { status: 422, title: 'The request is not valid' },
  'request.too-large': { status: 413, title: 'The request is too large' },
  'request.headers-too-large': { status: 431, title: 'The request headers are too large' },
  'request.timed-out': { status: 408, title: 'The request was not completed in time' },
  'request.media-type-unsupported': { status: 415, title: 'The media type is not supported' },
  'route.not-found': { status: 404, title: 'There is no such route' },
  'auth.required': { status: 401, title: 'Authentication is required' },
  'auth.token-invalid': { status: 401, title: 'The token is not valid' },
  'auth.login-failed': { status: 401, title: 'Log-in failed' },
  'auth.refresh-reused': { status: 401, title: 'The refresh token was used before' },
  'auth.password-change-required': { status: 403, title: 'The password must be changed first' },
  'auth.password-needed': { status: 403, title: 'The password is needed again' },
  'auth.mfa-required': { status: 403, title: 'A second factor must be set up first' },
  'auth.mfa-enrolled': { status: 409, title: 'A second factor is set up already' },
  'auth.mfa-not-enrolled': { status: 409, title: 'No second factor is being set up' },
  'access.denied': { status: 403, title: 'This is not permitted' },
  'access.field-denied': { status: 403, title: 'A field may not be changed' },
  'access.reason-required': { status: 428, title: 'A reason for the access is required' },
  'access.break-glass-refused': { status: 403, title: 'Break-glass does not open this' },
  'record.not-found': { status: 404, title: 'There is no such record' },
  'record.duplicate': { status: 409, title: 'A record with the same key exists' },
  'record.in-use': { status: 409, title: 'Other records depend on this one' },
  'members.conflict': { status: 409, title: 'Both members have what a person has once' },
  'record.not-deleted': { status: 409, title: 'The record is not deleted' },
  'workflow.not-allowed': { status: 409, title: 'This is not possible in the present state' },
  'record.stale-version': { status: 412, title: 'The record has changed since it was read' },
  'reference.missing': { status: 422, title: 'A referenced record does not exist' },
  'attachments.type-refused': { status: 415, title: 'The file is of a type that is not taken' },
  'attachments.content-missing': { status: 404, title: 'The content of the attachment is missing' },
  'upload.infected': { status: 422, title: 'The virus scanner refuses the file' },
  'users.last-admin': { status: 409, title: 'The last administrator must remain' },
  'idempotency.key-reused': { status: 422, title: 'The idempotency key was used for another request' },
  'import.in-progress': { status: 409, title: 'An import is under way' },
  'import.rejected': { status: 422, title: 'The import was rejected' },
  'export.busy': { status: 409, title: 'An export of yours is under way' },
  'ledger.not-sealed': { status: 409, title: 'The entry is not sealed yet' },
  'archive.cold': { status: 409, title: 'A part of the archive must be asked for first' },
  'archive.busy': { status: 409, title: 'The archive is at work' },
  'ledger.busy': { status: 409, title: 'The ledger is being verified' },
  'rate.limited': { status: 429, title: 'Too many requests' },
  'service.unavailable': { status: 503, title: 'The service is not available now' },
  'audit.unavailable': { status: 503, title: 'The access can not be recorded now' },
  'internal.error': { status: 500, title: 'An unexpected error occurred' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Codes that say how a record stands, whatever their detail. An error with one names the records in its entries. */
const telling: readonly ErrorCode[] = [
  'record.in-use',
  'members.conflict',
  'record.not-deleted',
  'record.stale-version',
  'workflow.not-allowed',
  'users.last-admin',
  'auth.mfa-enrolled',
  'auth.mfa-not-enrolled',
  'attachments.content-missing',
  'ledger.not-sealed',
  'archive.cold',
];

export function tellsOfRecords(code: ErrorCode): boolean {
  return telling.includes(code);
}

/** One fault in the request. `pointer` is a JSON pointer (RFC 6901) into the body, or `/name` of a query parameter. */
export interface FieldError {
  pointer: string;
  message: string;
}

export interface Limited {
  limit: string;
  email?: string;
}

/** Records of one table. */
export interface Told {
  tableName: string;
  ids: number[];
}

interface DomainErrorOptions {
  errors?: FieldError[];
  /** The record was refused to this actor rather than absent: answered alike, but put on the record. */
  refused?: { tableName?: string; recordId?: number };
  /** Records that it tells of, where it is thrown without a context that could note them. */
  tells?: Told[];
  retryAfterSeconds?: number;
  /** The limit that a 429 ran into, under whose name such refusals are counted on record, and the account that was tried. */
  limited?: Limited;
  cause?: unknown;
}

/** The only error services throw: a catalogue code, and what is particular to this case. */
export class DomainError extends Error {
  readonly errors?: FieldError[];
  readonly refused?: { tableName?: string; recordId?: number };
  readonly tells: readonly Told[];
  readonly retryAfterSeconds?: number;
  readonly limited?: Limited;

  constructor(
    readonly code: ErrorCode,
    detail: string,
    options: DomainErrorOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = 'DomainError';
    this.errors = options.errors;
    this.refused = options.refused;
    this.tells = options.tells ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.limited = options.limited;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get title(): string {
    return ERRORS[this.code].title;
  }
}

/**
 * Something that the request was decided by has changed meanwhile: a cached row, the rights of the account, or a change of its own
 * that a replica lacks. Nothing was written. The request is attempted once more, with everything read on the primary.
 */
export class OutdatedError extends DomainError {
  /** Nothing but a change that a replica lacks. */
  readonly isReplicaLate: boolean;

  constructor({ isReplicaLate = false, cause }: { isReplicaLate?: boolean; cause?: unknown } = {}) {
    super('service.unavailable', 'Something was changed at the same moment; try again.', {
      retryAfterSeconds: 2,
      cause,
    });
    this.isReplicaLate = isReplicaLate;
  }
}

/** A 422 for one field. */
export function invalid(pointer: string, message: string): DomainError {
  return new DomainError('request.invalid', message, { errors: [{ pointer, message }] });
}

/** A 503 that asks the client to come back in a moment. */
export function unavailable(code: 'service.unavailable' | 'audit.unavailable', detail: string, cause?: unknown) {
  return new DomainError(code, detail, { retryAfterSeconds: 2, cause });
}
