import { hash, verify } from '@node-rs/argon2';
import type { RequestContext } from '#platform/context';

/** Argon2id with OWASP's parameters (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Verified against where there is no account, so that an unknown address takes as long as a wrong password. */
const nobody = hash('no account has this password', parameters);

/** Hashes wait for one another; a request that was given up after its hash would be sent again and wait again. */
export function hashPassword(context: RequestContext, password: string): Promise<string> {
  return context.unhurried(hash(password, parameters));
}

export async function isPassword(
  context: RequestContext,
  password: string,
  passwordHash: string | undefined,
): Promise<boolean> {
  const matches = await context.unhurried(verify(passwordHash ?? (await nobody), password));
  return matches && passwordHash !== undefined;
}
