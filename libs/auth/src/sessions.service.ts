import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AuditWriter } from '#audit';
import { DomainError } from '#kernel';
import type { Actor, RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { actorSql, faultSql } from './account.sql';
import { accessTokenSeconds, invalidToken, TokensService, type Claims } from './tokens.service';

/** Days a session lasts without being refreshed. */
const refreshTokenDays = 14;
/** An account's state is read again after this many ms; changes made through this process show at once. */
const actorTtlMs = 1_000;

export interface Session {
  accessToken: string;
  refreshToken: string;
  tokenType: 'Bearer';
  expiresIn: number;
}

/** Sessions: families of refresh tokens, each used once; and who stands behind an access token now. */
@Injectable()
export class SessionsService {
  private readonly actors = new LRUCache<string, Actor>({ max: 20_000, ttl: actorTtlMs });

  constructor(
    private readonly database: Database,
    private readonly tokens: TokensService,
    private readonly audit: AuditWriter,
  ) {}

  /** Who the token's account was a moment ago, if that was looked up. */
  knownActor({ userId, sessionId }: Claims): Actor | undefined {
    return this.actors.get(`${userId} ${sessionId}`);
  }

  /** Who the token's account is now; 401 when the account stopped working or the session was ended. */
  async actorOf(context: RequestContext, { userId, sessionId }: Claims): Promise<Actor> {
    const [actor] = await this.database.query<Actor>(
      context,
      `SELECT ${actorSql}
       FROM users u WHERE u.id = $1 AND ${faultSql} IS NULL
         AND EXISTS (SELECT FROM refresh_tokens WHERE family_id = $2 AND user_id = u.id AND revoked_at IS NULL)`,
      [userId, sessionId],
    );
    if (!actor) throw invalidToken();
    this.actors.set(`${userId} ${sessionId}`, actor);
    return actor;
  }

  /** Begins a session of an account that works, inside the transaction that logs it in. */
  async begin(context: RequestContext, userId: number): Promise<Session> {
    return this.issue(context, userId, randomUUID());
  }

  /** Uses a refresh token up for the next one. One that was used before ends its whole session: it may be stolen. */
  async refresh(context: RequestContext, refreshToken: string): Promise<Session> {
    const outcome = await this.database.transaction(context, async (): Promise<Session | 'invalid' | 'reused'> => {
      const [token] = await this.database.query<
        Actor & { id: number; userId: number; familyId: string; isRotated: boolean; isOver: boolean; works: boolean }
      >(
        context,
        `SELECT t.id, t.family_id AS "familyId", t.rotated_at IS NOT NULL AS "isRotated",
           t.revoked_at IS NOT NULL OR t.expires_at <= now() AS "isOver", ${faultSql} IS NULL AS works, ${actorSql}
         FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1 FOR UPDATE OF t`,
        [sha256(refreshToken)],
      );
      if (!token || token.isOver || !token.works) return 'invalid';
      const { id, familyId, isRotated, isOver: _over, works: _works, ...actor } = token;
      context.actor = actor;
      await this.database.attribute(context);
      if (isRotated) {
        await this.revoke(context, 'family_id', familyId, 'reused');
        return 'reused';
      }
      await this.database.query(context, 'UPDATE refresh_tokens SET rotated_at = now() WHERE id = $1', [id]);
      return this.issue(context, actor.userId, familyId);
    });
    if (outcome === 'invalid') throw invalidToken();
    if (outcome === 'reused') {
      throw new DomainError('auth.refresh-reused', 'Its session was ended; log in again.', {
        refused: { tableName: 'users', recordId: context.actor?.userId ?? undefined },
      });
    }
    return outcome;
  }

  /** Ends the session that a refresh token belongs to, if it is the actor's; or, without one, the session in use. */
  async end(context: RequestContext, sessionId: string): Promise<void> {
    await this.database.transaction(context, async () => {
      await this.revoke(context, 'family_id', sessionId, 'logout');
      await this.audit.record(context, {
        action: 'LOGOUT',
        tableName: 'users',
        recordId: context.actor?.userId ?? undefined,
      });
    });
  }

  /** Ends every session of an account: log-out everywhere, a lock, a new password, a deletion. */
  async endAll(context: RequestContext, userId: number, reason: string): Promise<void> {
    await this.revoke(context, 'user_id', userId, reason);
  }

  /** Makes the next request of everybody look at its account again. */
  forgetActors(): void {
    this.actors.clear();
  }

  private async revoke(
    context: RequestContext,
    column: 'family_id' | 'user_id',
    value: string | number,
    reason: string,
  ): Promise<void> {
    await this.database.query(
      context,
      `UPDATE refresh_tokens SET revoked_at = now(), revoked_reason = $2 WHERE ${column} = $1 AND revoked_at IS NULL`,
      [value, reason],
    );
    this.forgetActors();
  }

  private async issue(context: RequestContext, userId: number, familyId: string): Promise<Session> {
    const refreshToken = randomBytes(32).toString('base64url');
    await this.database.query(
      context,
      `INSERT INTO refresh_tokens (user_id, family_id, token_hash, expires_at)
       VALUES ($1, $2, $3, now() + interval '${refreshTokenDays} days')`,
      [userId, familyId, sha256(refreshToken)],
    );
    const accessToken = await this.tokens.sign(userId, familyId);
    return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: accessTokenSeconds };
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
