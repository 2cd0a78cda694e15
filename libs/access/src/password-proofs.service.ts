import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';

/** Minutes after a log-in, or after another proof of the password, within which it is not asked for again. */
const proofMinutes = 15;

/** Whether a session has proved its password lately: asked before what somebody at an open screen could do harm by. */
@Injectable()
export class PasswordProofsService {
  constructor(private readonly database: Database) {}

  /** Throws 403 where the last proof of the password in this session is too old. */
  async demand(context: RequestContext): Promise<void> {
    const [session] = await this.database.query<{ tokenId: number | null; isRecent: boolean | null }>(
      context,
      `SELECT max(id) AS "tokenId",
         greatest(min(created_at), max(password_proved_at)) > now() - interval '${proofMinutes} minutes' AS "isRecent"
       FROM refresh_tokens WHERE family_id = $1`,
      [context.sessionId],
    );
    if (session?.isRecent) return;
    throw new DomainError(
      'auth.password-needed',
      'Send your password to POST /auth/confirm-password, then try again.',
      {
        refused: { tableName: 'refresh_tokens', recordId: session?.tokenId ?? undefined },
      },
    );
  }
}
