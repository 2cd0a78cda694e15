import { applyDecorators, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Throttle } from '@nestjs/throttler';
import type { z } from 'zod';

/** What an attempt is aimed at: an address of an account, or a secret such as a token. Undefined for a body that is no attempt. */
interface Attempt {
  targetOf: (body: unknown) => string | undefined;
  /** Whether the target may be named in the entry of a refusal. A secret may not. */
  isAddress: boolean;
}

const ATTEMPT = Reflector.createDecorator<Attempt>();
const reflector = new Reflector();

/**
 * Puts tighter limits on an operation that lets somebody guess, or has a mail sent: one for the address that asks, and one for the
 * target, wherever the attempts come from. The schema of the body brings `field` into one form, as it will for the handler.
 */
export function LimitAttempts<Body extends z.ZodType<object>>(
  schema: Body,
  field: keyof z.output<Body> & string,
): MethodDecorator {
  const targetOf = (body: unknown) => (schema.safeParse(body).data as Record<string, string> | undefined)?.[field];
  return applyDecorators(
    ATTEMPT({ targetOf, isAddress: field === 'email' }),
    Throttle({ attemptsByAddress: {}, attemptsAtTarget: {} }),
  );
}

/** The target of the attempt that a request is; undefined for one that is none. */
export function targetOf(execution: ExecutionContext): string | undefined {
  const { body } = execution.switchToHttp().getRequest<{ body: unknown }>();
  return attemptOf(execution)?.targetOf(body);
}

/** The account's address that a request tries, where it does. */
export function addressTried(execution: ExecutionContext): string | undefined {
  return attemptOf(execution)?.isAddress ? targetOf(execution) : undefined;
}

function attemptOf(execution: ExecutionContext): Attempt | undefined {
  return reflector.get(ATTEMPT, execution.getHandler());
}
