import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { tierOf } from '#access';
import { AuditWriter } from '#audit';
import { DomainError } from '#kernel';
import { countRequest, SharedCache } from '#platform/cache';
import type { Actor, PrimaryMoment, RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';
import { actorSql, faultSql } from './account.sql';
import { actorId } from './accounts.service';
import type { OwnSessionsView } from './auth.dto';
import { OneTimeTokensService } from './one-time-tokens.service';
import { PrimaryReadingsService, versionSql } from './primary-readings.service';
import { newToken, sha256 } from './random-tokens';
import { accessTokenSeconds, invalidToken, TokensService, type Claims } from './tokens.service';

/** Days a session lasts without being refreshed. */
const refreshTokenDays = 14;
const refreshTokenBytes = 32;
/** Sessions that a list shows; older ones have to be ended all at once. */
const maxListed = 100;
/** What was looked up about an account is looked up again after this many ms, even if its version stays the same. */
const actorTtlMs = 60_000;
/** How long all processes together remember it, in ms, unless the version changes or one of its roles ends. */
const sharedTtlMs = 86_400_000;

export interface Session {
  accessToken: string;
  refreshToken: string;
  tokenType: 'Bearer';
  expiresIn: number;
}

interface KnownActor {
  actor: Actor;
  version: string;
}

interface LookedUp extends KnownActor {
  /** When one of its roles ends by itself, or it is to be looked up again; in ms since the epoch, by the primary's clock. */
  endsAt: number;
}

/** Sessions: families of refresh tokens, each used once; and who stands behind an access token now. */
@Injectable()
export class SessionsService {
  private readonly actors = new LRUCache<string, KnownActor>({ max: 20_000, ttl: actorTtlMs });

  /** Sessions whose tokens were found to be good for nothing any more. */
  private readonly ended = new LRUCache<string, true>({ max: 20_000, ttl: accessTokenSeconds * 1000 });

  constructor(
    private readonly database: Database,
    private readonly tokens: TokensService,
    private readonly readings: PrimaryReadingsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly audit: AuditWriter,
    private readonly cache: SharedCache,
  ) {}

  /** Who the token's account is now; 401 when the account stopped working or the session was ended. */
  async actorOf(context: RequestContext, { userId, sessionId }: Claims): Promise<Actor> {
    const key = `${userId} ${sessionId}`;
    const { version: current, ...moment } = await this.readings.next(userId);
    context.primary = moment;
    const known = this.actors.get(key);
    if (known && known.version === current) {
      if (this.cache.isConfigured) countRequest('session', 'known');
      return known.actor;
    }
    const shared = current && (await this.recall(moment, key, current));
    if (shared) return this.keep(moment, sessionId, key, shared);
    const [found] = await this.database.query<Actor & { version: string; rolesEndInMs: number | null }>(
      context,
      `SELECT ${actorSql}, ${versionSql} AS version,
         (SELECT extract(epoch FROM min(ur.expires_at) - now())::float8 * 1000 FROM user_roles ur
          WHERE ur.user_id = u.id AND ur.expires_at > now()) AS "rolesEndInMs"
       FROM users u WHERE u.id = $1 AND ${faultSql} IS NULL
         AND EXISTS (SELECT FROM refresh_tokens WHERE family_id = $2 AND user_id = u.id AND revoked_at IS NULL)`,
      [userId, sessionId],
    );
    if (!found) {
      this.ended.set(sessionId, true);
      throw invalidToken();
    }
    const { version, rolesEndInMs, ...actor } = found;
    const ttlMs = Math.min(sharedTtlMs, rolesEndInMs ?? sharedTtlMs);
    const looked = { actor, version, endsAt: moment.seconds * 1000 + ttlMs };
    const text = JSON.stringify(looked);
    void this.cache.remember('session', nameOf(key), boundTo(moment, version), text, ttlMs / 1000);
    return this.keep(moment, sessionId, key, looked);
  }

  /** What another process looked up about the account, or this one before it forgot it, under the version that it has now. */
  private async recall(moment: PrimaryMoment, key: string, version: string): Promise<LookedUp | undefined> {
    const text = await this.cache.recall('session', nameOf(key), boundTo(moment, version));
    return text === undefined ? undefined : (JSON.parse(text) as LookedUp);
  }

  private keep(moment: PrimaryMoment, sessionId: string, key: string, { actor, version, endsAt }: LookedUp): Actor {
    const ttl = Math.max(1, Math.floor(Math.min(actorTtlMs, endsAt - moment.seconds * 1000)));
    this.ended.delete(sessionId);
    this.actors.set(key, { actor, version }, { ttl });
    return actor;
  }

  /** Who stood behind the token when this process looked last, which may be a minute ago. */
  remembered({ userId, sessionId }: Claims): Actor | undefined {
    return this.actors.get(`${userId} ${sessionId}`)?.actor;
  }

  /** Whether the session was found ended when this process looked last. */
  isEnded({ sessionId }: Claims): boolean {
    return this.ended.has(sessionId);
  }

  /** Begins a session of an account that works, inside the transaction that logs it in. */
  async begin(context: RequestContext, userId: number): Promise<Session> {
    return this.issue(context, userId, randomUUID());
  }

  /**
   * Begins a session for each of many accounts, without a log-in: for a load that measures, as the system actor. Nobody is told
   * the refresh tokens. Answers the id of the session by the id of the account.
   */
  async beginMany(context: RequestContext, userIds: readonly number[]): Promise<Map<number, string>> {
    const begun = userIds.map((userId) => ({
      userId,
      sessionId: randomUUID(),
      hash: sha256(newToken(refreshTokenBytes)),
    }));
    await this.database.query(
      context,
      `INSERT INTO refresh_tokens (user_id, family_id, token_hash, expires_at)
       SELECT b."userId", b."sessionId", b.hash, now() + interval '1 day'
       FROM json_to_recordset($1::json) AS b ("userId" integer, "sessionId" uuid, hash text)`,
      [JSON.stringify(begun)],
      longStatementMs,
    );
    return new Map(begun.map(({ userId, sessionId }) => [userId, sessionId]));
  }

  /** An access token of a session that works, for whoever holds no refresh token of it. */
  async accessToken(userId: number, sessionId: string, roles: readonly string[]): Promise<string> {
    return this.tokens.sign(userId, sessionId, tierOf(roles));
  }

  /** Ends every session of many accounts. */
  async endMany(context: RequestContext, userIds: readonly number[], reason: string): Promise<void> {
    await this.database.query(
      context,
      `UPDATE refresh_tokens SET revoked_at = now(), revoked_reason = $2
       WHERE user_id = ANY ($1::integer[]) AND revoked_at IS NULL`,
      [userIds, reason],
      longStatementMs,
    );
  }

  /** Uses a refresh token up for the next one. One that was used before ends its whole session: it may be stolen. */
  async refresh(context: RequestContext, refreshToken: string): Promise<Session> {
    const outcome = await this.database.transaction(context, async (): Promise<Session | 'invalid' | 'reused'> => {
      await this.database.query(
        context,
        `SELECT id FROM users WHERE id = (SELECT user_id FROM refresh_tokens WHERE token_hash = $1) FOR NO KEY UPDATE`,
        [sha256(refreshToken)],
      );
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

  /** The sessions of the actor that could still be gone on with, the one used last first. */
  async list(context: RequestContext): Promise<OwnSessionsView> {
    const rows = await this.database.query<OwnSessionsView['items'][number] & { tokenId: number }>(
      context,
      `SELECT t.id AS "tokenId", t.family_id AS id, ${utc('f.begun_at')} AS "createdAt", ${utc('t.created_at')} AS "lastUsedAt",
         host(t.ip_address) AS "ipAddress", t.user_agent AS "userAgent", t.family_id = $2 AS "isCurrent"
       FROM refresh_tokens t
       CROSS JOIN LATERAL (SELECT min(created_at) AS begun_at FROM refresh_tokens WHERE family_id = t.family_id) f
       WHERE t.user_id = $1 AND t.revoked_at IS NULL AND t.rotated_at IS NULL AND t.expires_at > now()
       ORDER BY t.created_at DESC, t.id DESC LIMIT ${maxListed}`,
      [actorId(context), context.sessionId],
    );
    context.disclose({ tableName: 'refresh_tokens', ids: rows.map(({ tokenId }) => tokenId), list: true });
    return { items: rows.map(({ tokenId: _, ...session }) => session) };
  }

  /** Ends one session of the actor, and no one else's. */
  async endOwn(context: RequestContext, sessionId: string): Promise<void> {
    const [own] = await this.database.query(
      context,
      'SELECT 1 FROM refresh_tokens WHERE family_id = $1 AND user_id = $2 AND revoked_at IS NULL LIMIT 1',
      [sessionId, actorId(context)],
    );
    if (!own) throw new DomainError('record.not-found', 'You have no such session.', { refused: {} });
    await this.end(context, sessionId, 'ended-by-owner');
  }

  async end(context: RequestContext, sessionId: string, reason: string): Promise<void> {
    await this.database.transaction(context, async () => {
      await this.holdAccount(context, context.actor?.userId ?? 0);
      await this.revoke(context, 'family_id', sessionId, reason);
      await this.audit.record(context, {
        action: 'LOGOUT',
        tableName: 'users',
        recordId: context.actor?.userId ?? undefined,
      });
    });
  }

  /** Ends every session of an account, and what was mailed to it: log-out everywhere, a lock, a new password, a deletion. */
  async endAll(context: RequestContext, userId: number, reason: string): Promise<void> {
    await this.holdAccount(context, userId);
    await this.revoke(context, 'user_id', userId, reason);
    await this.oneTimeTokens.voidAll(context, userId);
  }

  /** Whoever issues or revokes tokens of an account holds it first, or a refresh at the same time would outlive its session. */
  private async holdAccount(context: RequestContext, userId: number): Promise<void> {
    await this.database.query(context, 'SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
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
  }

  private async issue(context: RequestContext, userId: number, familyId: string): Promise<Session> {
    const refreshToken = newToken(refreshTokenBytes);
    await this.database.query(
      context,
      `INSERT INTO refresh_tokens (user_id, family_id, token_hash, expires_at, ip_address, user_agent)
       VALUES ($1, $2, $3, now() + interval '${refreshTokenDays} days', $4, $5)`,
      [userId, familyId, sha256(refreshToken), context.ipAddress, context.userAgent],
    );
    const accessToken = await this.tokens.sign(userId, familyId, tierOf(context.actor?.roles ?? []));
    return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: accessTokenSeconds };
  }
}

function utc(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

function nameOf(key: string): string {
  return `session:${key.replace(' ', ':')}`;
}

/** A version counts in one history of the database; after a restore it may come again and mean something else. */
function boundTo({ timeline }: PrimaryMoment, version: string): string {
  return `${timeline} ${version}`;
}
