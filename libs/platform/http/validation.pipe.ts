import { StandardSchemaValidationPipe } from '@nestjs/common';
import { DomainError } from '#kernel';

/** Checks parameters against the schema in their decorator; 422 with a JSON pointer for each fault, at most twenty. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const errors = issues.slice(0, 20).flatMap((issue) => {
        const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
        const pointer = path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
        return { pointer: pointer.slice(0, 200), message: issue.message.slice(0, 300) };
      });
      const count = issues.length === 1 ? 'One value is' : `${issues.length} values are`;
      return new DomainError('request.invalid', `${count} not valid.`, { errors });
    },
  });
}
