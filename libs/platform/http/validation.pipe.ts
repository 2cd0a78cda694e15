import { Readable } from 'node:stream';
import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { z } from 'zod';
import { DomainError, type FieldError } from '#kernel';
import { wordsOf } from './issue-words';

/** Faults that one answer lists. */
const maxListed = 20;

z.config({ customError: wordsOf });

interface Issue {
  message: string;
  path: PropertyKey[];
  /** Zod's own: the keys that are not known at this place. */
  keys?: string[];
}

/**
 * Checks `@Param({ schema })`, `@Query({ schema })` and `@Body({ schema })`. The handler gets the
 * parsed value. Throws a 422 with a JSON pointer for each fault. The OpenAPI document is made from
 * the same schemas.
 */
@Injectable()
export class ValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => invalidRequest(issues as Issue[]) });
  }

  override transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    // A body that stayed a stream is a file, which this route does not take.
    if (metadata.type === 'body' && metadata.schema && value instanceof Readable) {
      throw new DomainError('request.media-type-unsupported', 'Send application/json.');
    }
    if (metadata.schema) refuseUnstorable(value);
    return super.transform(value, metadata);
  }

  /**
   * Nest would remove `__proto__` before the check. The schemas refuse it like any unknown name.
   */
  protected override stripProtoKeys(): void {}
}

/** 422 for texts that PostgreSQL stores nowhere: with NUL, or half of a surrogate pair. */
function refuseUnstorable(value: unknown): void {
  const open: Part[] = [{ value }];
  for (let part = open.pop(); part; part = open.pop()) {
    const { value: content } = part;
    if (typeof content === 'string' && !isStorable(content)) {
      throw invalidRequest([{ message: 'must be well-formed text', path: pathOf(part) }]);
    }
    if (typeof content !== 'object' || content === null) continue;
    for (const [key, within] of Object.entries(content)) open.push({ value: within, key, parent: part });
  }
}

/** A value of a request, and where it stands. */
interface Part {
  value: unknown;
  key?: string;
  parent?: Part;
}

function pathOf(part: Part): string[] {
  const path: string[] = [];
  for (let at: Part | undefined = part; at?.key !== undefined; at = at.parent) path.push(at.key);
  return path.reverse();
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** The value as the schema reads it; 422 with a pointer for each fault. */
export function validated<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidRequest(parsed.error.issues);
  return parsed.data;
}

function invalidRequest(issues: Issue[]): DomainError {
  const errors = distinct(issues.flatMap(fieldErrors));
  const count = errors.length === 1 ? 'One value is' : `${errors.length} values are`;
  return new DomainError('request.invalid', `${count} not valid.`, { errors: errors.slice(0, maxListed) });
}

/** One fault may break two rules that say the same. */
function distinct(errors: FieldError[]): FieldError[] {
  return [...new Map(errors.map((error) => [`${error.pointer} ${error.message}`, error])).values()];
}

function fieldErrors(issue: Issue): FieldError[] {
  const { path } = issue;
  if (issue.keys) return issue.keys.map((key) => ({ pointer: pointer([...path, key]), message: 'is not known here' }));
  return [{ pointer: pointer(path), message: issue.message.slice(0, 300) }];
}

/** A JSON pointer (RFC 6901), cut to a length fit for an answer. */
function pointer(path: PropertyKey[]): string {
  const parts = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return parts.join('').slice(0, 200);
}
