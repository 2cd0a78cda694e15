import { applyDecorators, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Throttle } from '@nestjs/throttler';
import type { z } from 'zod';

/** An attempt has a target: the e-mail address of an account, or a secret such as a token. */
interface Attempt {
  /** Undefined for a body that the schema refuses. */
  targetOf: (body: unknown) => string | undefined;
  /** Whether the target may be named in the entry of a refusal. A secret may not. */
  isAddress: boolean;
  /** Whether each network has a limit of its own at the target, so that nobody uses up the owner's elsewhere. */
  perNetwork: boolean;
}

const ATTEMPT = Reflector.createDecorator<Attempt>();
const reflector = new Reflector();

/**
 * Adds two tighter limits to an operation that allows guesses or sends mail: one for the asking IP
 * address, and one for the target: from all addresses together, or with `perNetwork` from each
 * network. The schema of the body normalizes `field`, as it does for the handler.
 */
export function LimitAttempts<Body extends z.ZodType<object>>(
  schema: Body,
  field: keyof z.output<Body> & string,
  { perNetwork = false } = {},
): MethodDecorator {
  const targetOf = (body: unknown) => (schema.safeParse(body).data as Record<string, string> | undefined)?.[field];
  return applyDecorators(
    ATTEMPT({ targetOf, isAddress: field === 'email', perNetwork }),
    Throttle({ attemptsByAddress: {}, attemptsAtTarget: {} }),
  );
}

/** The target of the attempt; undefined for a request that is no attempt. */
export function targetOf(execution: ExecutionContext): string | undefined {
  const { body } = execution.switchToHttp().getRequest<{ body: unknown }>();
  return attemptOf(execution)?.targetOf(body);
}

/** The e-mail address that the attempt names; undefined where its target is a secret. */
export function addressTried(execution: ExecutionContext): string | undefined {
  return attemptOf(execution)?.isAddress ? targetOf(execution) : undefined;
}

/** Whether each network has a limit of its own at the target. */
export function isPerNetwork(execution: ExecutionContext): boolean {
  return attemptOf(execution)?.perNetwork ?? false;
}

function attemptOf(execution: ExecutionContext): Attempt | undefined {
  return reflector.get(ATTEMPT, execution.getHandler());
}
