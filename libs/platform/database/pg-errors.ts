import { QueryFailedError } from 'typeorm';
import { DomainError, invalid, OutdatedError, unavailable, type FieldError } from '#kernel';
import { explanationOf } from './explained.decorator';
import { isOfStandby } from './standby';

/** The fields of a PostgreSQL error that are read here; see "Error and Notice Message Fields" in its manual. */
interface PgError {
  code?: string;
  constraint?: string;
  table?: string;
  column?: string;
  detail?: string;
  message: string;
}

/** Of our own: the account that asks is not what the request was decided by. */
const outdated = 'IP2A1';
/** Likewise: the properties in its detail name no record in use. */
const notInUse = 'IP2A2';
/** Classes of SQLSTATE that mean "not now" rather than "not so": connection, resources, operator, system, I/O. */
const transientClasses = ['08', '53', '57', '58', 'XX'];
/** Lock timeout, deadlock, serialization failure, privilege taken away. */
const transientCodes = ['55P03', '40P01', '40001', '42501', '42P01'];

/**
 * Turns what PostgreSQL or its driver threw into the error a client should see. Anything that is nobody's input error
 * and nobody's temporary trouble is returned as it came, to end as a 500.
 */
export function translateError(thrown: unknown): unknown {
  const error = pgErrorOf(thrown);
  if (thrown instanceof DomainError || typeof error?.message !== 'string') return thrown;
  const code = error.code ?? '';
  switch (code) {
    case outdated:
      return new OutdatedError({ cause: thrown });
    case notInUse:
      return new DomainError('reference.missing', 'A referenced record does not exist.', {
        errors: (error.detail ?? '')
          .split(',')
          .map((name) => ({ pointer: `/${name}`, message: 'names no record in use' })),
        cause: thrown,
      });
    case '23505':
      return new DomainError('record.duplicate', 'A record with the same key exists already.', {
        errors: explained(error) ?? keyFields(error, 'is taken by another record'),
        cause: thrown,
      });
    case '23503':
      return keyOf(error)?.columns === 'id'
        ? new DomainError('record.in-use', `Records of ${error.table} depend on this one.`, { cause: thrown })
        : new DomainError('reference.missing', 'A referenced record does not exist.', {
            errors: keyFields(error, 'names no record'),
            cause: thrown,
          });
    case '23001':
      // A trigger of ours names no constraint, and says what is to be said.
      return new DomainError(
        'record.in-use',
        error.constraint ? `Records of ${error.table} depend on this one.` : error.message,
        { cause: thrown },
      );
    case '23514':
      // Without a constraint's name: a row for which its table has no partition. The ledger's next month was not made in time.
      if (!error.constraint) return unavailable('audit.unavailable', 'The access can not be recorded now.', thrown);
      return new DomainError('request.invalid', 'The fields contradict a rule of the record.', {
        errors: explained(error) ?? [{ pointer: '', message: 'contradicts a rule of the record' }],
        cause: thrown,
      });
    case '23502':
      return invalid(`/${camel(error.column ?? '')}`, 'A value is required.');
    case '22001':
      return invalid('', 'A text is too long for its field.');
  }
  // Data exceptions: a value that its type can not hold.
  if (code.startsWith('22')) return invalid('', 'A value is outside what its field can hold.');
  const isTransient = transientClasses.includes(code.slice(0, 2)) || transientCodes.includes(code);
  if (isTransient || isOfStandby(error) || isConnectionTrouble(error)) {
    return unavailable('service.unavailable', 'The database can not take the request now.', thrown);
  }
  return thrown;
}

function pgErrorOf(thrown: unknown): PgError | undefined {
  return (thrown instanceof QueryFailedError ? thrown.driverError : thrown) as PgError | undefined;
}

function explained({ constraint }: PgError): FieldError[] | undefined {
  const words = explanationOf(constraint);
  return words && [{ pointer: `/${words.property}`, message: words.message }];
}

function isConnectionTrouble(error: PgError): boolean {
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/.test(error.code ?? '') ||
    /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error|not queryable|pool after calling end/i.test(
      error.message,
    )
  );
}

/** The check constraint that a row would have violated; undefined for other errors. */
export function brokenRule({ code, cause }: DomainError): string | undefined {
  const error = pgErrorOf(cause);
  return code === 'request.invalid' && error?.code === '23514' ? error.constraint : undefined;
}

/** The key that a unique index or a foreign key has found in rows of a table. Its value is for look-ups only. */
export interface Violation {
  table: string;
  constraint: string;
  columns: string[];
  value: string;
}

/** Of an error that says that a key is taken, or that rows refer to a key. */
export function violationOf({ code, cause }: DomainError): Violation | undefined {
  if (code !== 'record.duplicate' && code !== 'record.in-use') return undefined;
  const error = pgErrorOf(cause);
  const key = error && keyOf(error);
  if (!error?.table || !error.constraint || !key) return undefined;
  return { table: error.table, constraint: error.constraint, columns: columnsOf(key.columns), value: key.value };
}

/** The rows that a trigger of ours has found in the way, by table: it names them in its detail, as JSON. */
export function namedRows({ code, cause }: DomainError): [table: string, ids: number[]][] {
  const detail = code === 'record.in-use' ? pgErrorOf(cause)?.detail : undefined;
  return detail?.startsWith('{') ? Object.entries(JSON.parse(detail) as Record<string, number[]>) : [];
}

/** The columns of a key as pointers; the values stay out of it, they may be somebody's. */
function keyFields(error: PgError, message: string): FieldError[] {
  const columns = columnsOf(keyOf(error)?.columns ?? '');
  return columns.map((column) => ({ pointer: `/${camel(column)}`, message }));
}

/** The columns of a key, also of one of their normal forms: `lower(a::text COLLATE "C")`. */
function columnsOf(key: string): string[] {
  return key
    .split(',')
    .map((column) => column.replace(/^.*\(|\).*$|::.*$|"/g, '').trim())
    .filter(Boolean);
}

/**
 * The key that a detail names, such as "Key (a, b)=(1, 2) already exists.". Servers say it in the language of `lc_messages`;
 * what is in parentheses they all say alike. The foreign keys here refer to ids, so a key `id` is one that rows refer to.
 */
function keyOf({ detail }: PgError): { columns: string; value: string } | undefined {
  const [, columns, value] = /\((.*?)\)=\((.*)\)/s.exec(detail ?? '') ?? [];
  return columns !== undefined && value !== undefined ? { columns, value } : undefined;
}

function camel(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
