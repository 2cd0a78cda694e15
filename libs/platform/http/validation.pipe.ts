import { StandardSchemaValidationPipe } from '@nestjs/common';
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
  path?: readonly (PropertyKey | { key: PropertyKey })[];
  /** Zod's own: the keys that are not known at this place. */
  keys?: string[];
}

/** Checks parameters against the schema in their decorator; 422 with a JSON pointer for each fault. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const errors = (issues as Issue[]).flatMap(fieldErrors);
      const count = errors.length === 1 ? 'One value is' : `${errors.length} values are`;
      return new DomainError('request.invalid', `${count} not valid.`, { errors: errors.slice(0, maxListed) });
    },
  });
}

function fieldErrors(issue: Issue): FieldError[] {
  const path = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  if (issue.keys) return issue.keys.map((key) => ({ pointer: pointer([...path, key]), message: 'is not known here' }));
  return [{ pointer: pointer(path), message: issue.message.slice(0, 300) }];
}

/** A JSON pointer (RFC 6901), cut to a length fit for an answer. */
function pointer(path: PropertyKey[]): string {
  const parts = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return parts.join('').slice(0, 200);
}
