import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, inTime, now } from '#platform/database';
import { OneTimeToken, type Purpose } from './one-time-token.entity';
import { newToken, sha256 } from './random-tokens';

/** Minutes a token of each purpose is good for. */
export const tokenMinutes: Record<Purpose, number> = { 'verify-email': 24 * 60, 'reset-password': 60, mfa: 5 };

/** With as many, a link by the default PORTAL_URL fits in a line of a mail that needs no encoding (76 characters). */
export const tokenBytes = 24;

const openSql = 'token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()';

/** Tokens that are good once. Whoever spends one holds the lock of its user, so that two at once can not both succeed. */
@Injectable()
export class OneTimeTokensService {
  constructor(private readonly database: Database) {}

  /**
   * A new token, in the transaction of what it is for. Earlier ones stay good, or somebody who asks for links again and again
   * would take the owner's away.
   */
  async issue(context: RequestContext, userId: number, purpose: Purpose): Promise<string> {
    const token = newToken(tokenBytes);
    const expiresAt = inTime(`${tokenMinutes[purpose]} minutes`);
    await this.database.manager(context).insert(OneTimeToken, { userId, purpose, tokenHash: sha256(token), expiresAt });
    return token;
  }

  /** Whose token this is, if it is good now. */
  async ownerOf(context: RequestContext, token: string, purpose: Purpose): Promise<number | undefined> {
    const [row] = await this.database.query<{ userId: number }>(
      context,
      `SELECT user_id AS "userId" FROM one_time_tokens WHERE ${openSql}`,
      [sha256(token), purpose],
    );
    return row?.userId;
  }

  /** Uses a token up that `ownerOf` found good under the lock of its user. */
  async spend(context: RequestContext, token: string): Promise<void> {
    await this.database.manager(context).update(OneTimeToken, { tokenHash: sha256(token) }, { usedAt: now });
  }

  /** Makes whatever an account has open void. */
  async voidAll(context: RequestContext, userId: number): Promise<void> {
    await this.database.manager(context).update(OneTimeToken, { userId, usedAt: IsNull() }, { usedAt: now });
  }
}

export function spentToken(): DomainError {
  return new DomainError('auth.token-invalid', 'The token has expired or was used before; begin anew.');
}
