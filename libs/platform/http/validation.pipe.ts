import { Readable } from 'node:stream';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { z } from 'zod';
import { DomainError, type FieldError } from '#kernel';

/** Faults that one answer lists. */
const maxListed = 20;

// "Invalid input: expected string, received undefined" tells a person at a counter less than this.
z.config({
  customError: (issue) => (issue.code === 'invalid_type' && issue.input === undefined ? 'is required' : undefined),
});

interface Issue {
  message: string;
  path: PropertyKey[];
  /** Zod's own: the keys that are not known at this place. */
  keys?: string[];
}

type Part = 'params' | 'query' | 'body';

/** Where a schema in `@Param({ schema })`, `@Query({ schema })` or `@Body({ schema })` applies. */
const partOf: Partial<Record<number, Part>> = {
  [RouteParamtypes.PARAM]: 'params',
  [RouteParamtypes.QUERY]: 'query',
  [RouteParamtypes.BODY]: 'body',
};

interface Check {
  part: Part;
  schema: z.ZodType;
}

/**
 * Checks what a request brings against the schemas in the decorators of its handler's parameters, and puts the parsed values
 * in place; 422 with a JSON pointer for each fault. A guard, and the last of them, because a pipe runs as promises for each
 * parameter of each request, which shows in a profile; what it checks and what the OpenAPI document says is the same metadata.
 */
@Injectable()
export class ValidationGuard implements CanActivate {
  private readonly checks = new WeakMap<object, Check[]>();

  canActivate(execution: ExecutionContext): boolean {
    const request = execution.switchToHttp().getRequest<Record<Part, unknown>>();
    for (const { part, schema } of this.checksOf(execution)) {
      // A body that stayed a stream is a file, which this route does not take.
      if (part === 'body' && request.body instanceof Readable) {
        throw new DomainError('request.media-type-unsupported', 'Send application/json.');
      }
      request[part] = validated(schema, request[part]);
    }
    return true;
  }

  private checksOf(execution: ExecutionContext): Check[] {
    const handler = execution.getHandler();
    let checks = this.checks.get(handler);
    if (!checks) this.checks.set(handler, (checks = declaredChecks(execution.getClass(), handler.name)));
    return checks;
  }
}

/** The value as the schema reads it; 422 with a pointer for each fault. */
export function validated<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidRequest(parsed.error.issues);
  return parsed.data;
}

function declaredChecks(controller: object, method: string): Check[] {
  const declared = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) as
    Record<string, { schema?: z.ZodType }> | undefined;
  return Object.entries(declared ?? {}).flatMap(([key, { schema }]) => {
    const part = partOf[Number(key.split(':', 1)[0])];
    return part && schema ? [{ part, schema }] : [];
  });
}

function invalidRequest(issues: Issue[]): DomainError {
  const errors = issues.flatMap(fieldErrors);
  const count = errors.length === 1 ? 'One value is' : `${errors.length} values are`;
  return new DomainError('request.invalid', `${count} not valid.`, { errors: errors.slice(0, maxListed) });
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
