import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { IsNull } from 'typeorm';
import { PasswordProofsService, tierOf } from '#access';
import { AuditWriter } from '#audit';
import { DomainError } from '#kernel';
import { TieredCache } from '#platform/cache';
import type { Actor, AskingAccount, RequestContext } from '#platform/context';
import { BatchedLookUps, batchMs, Database, inTime, longStatementMs, now } from '#platform/database';
import { actorSql, endsAtSql, faultSql, versionSql } from './account.sql';
import { actorId } from './accounts.service';
import type { OwnSessionsView } from './auth.dto';
import { OneTimeTokensService } from './one-time-tokens.service';
import { newToken, sha256 } from './random-tokens';
import { RefreshToken } from './refresh-token.entity';
import { accessTokenSeconds, invalidToken, TokensService, type Claims } from './tokens.service';

/** Days a session lasts without being refreshed. */
const refreshTokenDays = 14;
/** Days after its log-in at which a session ends, however often it was refreshed. */
const sessionDays = 30;
/** Seconds after its first use in which a refresh token may be sent again. */
const raceSeconds = 10;
/** When the session of the token `t` began. */
const begunAt = '(SELECT min(f.created_at) FROM refresh_tokens f WHERE f.family_id = t.family_id)';
const tooOld = `now() - interval '${sessionDays} days'`;
const refreshTokenBytes = 32;
/** Sessions that a list shows; older ones have to be ended all at once. */
const maxListed = 100;
/** How long an account is cached, in seconds. Its version tells whether it has changed. */
const cacheSeconds = 86_400;

export interface Session {
  accessToken: string;
  refreshToken: string;
  tokenType: 'Bearer';
  expiresIn: number;
}

/** The account behind an access token, and its version at the look-up. */
export interface KnownAccount extends AskingAccount {
  actor: Actor;
}

type LookedUp = Omit<KnownAccount, 'isConfirmed'>;

/** Sessions: families of refresh tokens, each used once; and who stands behind an access token now. */
@Injectable()
export class SessionsService {
  private readonly lookUps = new BatchedLookUps((keys) => this.lookUpAll(keys));

  /** Sessions whose tokens were found to be good for nothing any more. */
  private readonly ended = new LRUCache<string, true>({ max: 20_000, ttl: accessTokenSeconds * 1000 });

  constructor(
    private readonly database: Database,
    private readonly tokens: TokensService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly audit: AuditWriter,
    private readonly cache: TieredCache,
    private readonly proofs: PasswordProofsService,
  ) {}

  /** The token's account, from the cache or the primary. 401 when it or its session has ended. */
  find(claims: Claims): KnownAccount | Promise<KnownAccount> {
    const text = this.cache.here('session', keyOf(claims));
    return text === undefined ? this.findElsewhere(claims) : accountOf(text);
  }

  /** The same, read on the primary after the call. */
  async lookUp(claims: Claims): Promise<KnownAccount> {
    const key = keyOf(claims);
    const found = await this.lookUps.get(key);
    if (!found) {
      this.cache.drop(key);
      this.ended.set(claims.sessionId, true);
      throw invalidToken();
    }
    this.ended.delete(claims.sessionId);
    this.cache.set(key, JSON.stringify(found), cacheSeconds);
    return { ...found, isConfirmed: true };
  }

  /** The actor that this process found last, up to a day ago. */
  remembered(claims: Claims): Actor | undefined {
    const text = this.cache.here('session', keyOf(claims));
    return text === undefined ? undefined : accountOf(text).actor;
  }

  /** Whether the session was found ended when this process looked last. */
  isEnded({ sessionId }: Claims): boolean {
    return this.ended.has(sessionId);
  }

  private async findElsewhere(claims: Claims): Promise<KnownAccount> {
    const text = await this.cache.elsewhere('session', keyOf(claims), cacheSeconds);
    return text === undefined ? this.lookUp(claims) : accountOf(text);
  }

  private async lookUpAll(keys: string[]): Promise<Map<string, LookedUp>> {
    const pairs = keys.map((key) => key.split(':'));
    const rows = await this.database.query<Actor & { version: string; endsAt: number | null; key: string }>(
      undefined,
      `SELECT concat_ws(':', 'session', k.user_id, k.session_id) AS key, ${actorSql}, ${versionSql} AS version,
         ${endsAtSql} AS "endsAt"
       FROM unnest($1::integer[], $2::uuid[]) AS k (user_id, session_id) JOIN users u ON u.id = k.user_id
       WHERE ${faultSql} IS NULL
         AND EXISTS (SELECT FROM refresh_tokens WHERE family_id = k.session_id AND user_id = u.id AND revoked_at IS NULL)`,
      [pairs.map(([, userId]) => userId), pairs.map(([, , sessionId]) => sessionId)],
      batchMs,
    );
    return new Map(
      rows.map(({ key, version, endsAt, ...actor }) => {
        return [key, { id: actor.userId ?? 0, version, endsAt: endsAt ?? undefined, actor }];
      }),
    );
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

  /**
   * Uses a refresh token up for the next one. One that was used just before is a race, of two tabs or after a reply that got lost,
   * and has a next one of its own. One that was used longer ago ends its whole session: it may be stolen.
   */
  async refresh(context: RequestContext, refreshToken: string): Promise<Session> {
    const outcome = await this.database.transaction(context, async (): Promise<Session | 'invalid' | 'reused'> => {
      await this.database.query(
        context,
        `SELECT id FROM users WHERE id = (SELECT user_id FROM refresh_tokens WHERE token_hash = $1) FOR NO KEY UPDATE`,
        [sha256(refreshToken)],
      );
      const [token] = await this.database.query<
        Actor &
          Record<'id' | 'userId', number> &
          Record<'isRotated' | 'isReused' | 'isOver' | 'works', boolean> & { familyId: string }
      >(
        context,
        `SELECT t.id, t.family_id AS "familyId", t.rotated_at IS NOT NULL AS "isRotated",
           coalesce(t.rotated_at <= now() - interval '${raceSeconds} seconds', false) AS "isReused",
           t.revoked_at IS NOT NULL OR t.expires_at <= now() OR ${begunAt} <= ${tooOld} AS "isOver", ${faultSql} IS NULL AS works, ${actorSql}
         FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1 FOR UPDATE OF t`,
        [sha256(refreshToken)],
      );
      if (!token || token.isOver || !token.works) return 'invalid';
      const { id, familyId, isRotated, isReused, isOver: _over, works: _works, ...actor } = token;
      context.actor = actor;
      await this.database.attribute(context);
      if (isReused) {
        await this.revoke(context, { familyId }, 'reused');
        return 'reused';
      }
      if (!isRotated) await this.database.manager(context).update(RefreshToken, { id }, { rotatedAt: now });
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
    const sessions = await this.listOf(context, actorId(context));
    return { items: sessions.map((session) => ({ ...session, isCurrent: session.id === context.sessionId })) };
  }

  /** The same of any account. */
  async listOf(
    context: RequestContext,
    userId: number,
  ): Promise<Omit<OwnSessionsView['items'][number], 'isCurrent'>[]> {
    const rows = await this.database.query<OwnSessionsView['items'][number] & { tokenId: number }>(
      context,
      `SELECT t.id AS "tokenId", t.family_id AS id, ${utc('f.begun_at')} AS "createdAt", ${utc('t.created_at')} AS "lastUsedAt",
         host(t.ip_address) AS "ipAddress", t.user_agent AS "userAgent"
       FROM refresh_tokens t
       CROSS JOIN LATERAL (
         SELECT min(created_at) AS begun_at, max(id) AS newest_id FROM refresh_tokens WHERE family_id = t.family_id
       ) f
       WHERE t.user_id = $1 AND t.revoked_at IS NULL AND t.id = f.newest_id AND t.expires_at > now() AND f.begun_at > ${tooOld}
       ORDER BY t.created_at DESC, t.id DESC LIMIT ${maxListed}`,
      [userId],
    );
    context.disclose({ tableName: 'refresh_tokens', ids: rows.map(({ tokenId }) => tokenId), list: true });
    return rows.map(({ tokenId: _, ...session }) => session);
  }

  /** Notes that the actor has proved the password in this session. */
  async notePassword(context: RequestContext): Promise<void> {
    await this.database.transaction(context, async () => {
      await this.holdAccount(context, actorId(context));
      const newest = { familyId: context.sessionId ?? '', rotatedAt: IsNull(), revokedAt: IsNull() };
      await this.database.manager(context).update(RefreshToken, newest, { passwordProvedAt: now });
    });
  }

  /** Ends one session of the actor, and no one else's. */
  async endOwn(context: RequestContext, sessionId: string): Promise<void> {
    if (sessionId.toLowerCase() !== context.sessionId) await this.proofs.demand(context);
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
      await this.revoke(context, { familyId: sessionId }, reason);
      await this.audit.record(context, {
        action: 'LOGOUT',
        tableName: 'users',
        recordId: context.actor?.userId ?? undefined,
      });
    });
  }

  /** Ends every session of an account, on record as a log-out. */
  async endAllOf(context: RequestContext, userId: number): Promise<void> {
    await this.database.transaction(context, async () => {
      await this.endAll(context, userId, 'logout-all');
      await this.audit.record(context, {
        action: 'LOGOUT',
        tableName: 'users',
        recordId: userId,
        notes: 'every session',
      });
    });
  }

  /** Ends every session of an account, and what was mailed to it: log-out everywhere, a lock, a new password, a deletion. */
  async endAll(context: RequestContext, userId: number, reason: string): Promise<void> {
    await this.holdAccount(context, userId);
    await this.revoke(context, { userId }, reason);
    await this.oneTimeTokens.voidAll(context, userId);
  }

  /** Whoever issues or revokes tokens of an account holds it first, or a refresh at the same time would outlive its session. */
  private async holdAccount(context: RequestContext, userId: number): Promise<void> {
    await this.database.query(context, 'SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
  }

  private async revoke(
    context: RequestContext,
    tokens: { familyId: string } | { userId: number },
    reason: string,
  ): Promise<void> {
    const open = { ...tokens, revokedAt: IsNull() };
    const change = { revokedAt: now, revokedReason: reason };
    await this.database.manager(context).update(RefreshToken, open, change);
  }

  private async issue(context: RequestContext, userId: number, familyId: string): Promise<Session> {
    const refreshToken = newToken(refreshTokenBytes);
    const { ipAddress, userAgent } = context;
    const expiresAt = inTime(`${refreshTokenDays} days`);
    const token = { userId, familyId, tokenHash: sha256(refreshToken), expiresAt, ipAddress, userAgent };
    await this.database.manager(context).insert(RefreshToken, token);
    const accessToken = await this.tokens.sign(userId, familyId, tierOf(context.actor?.roles ?? []));
    return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: accessTokenSeconds };
  }
}

function utc(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

function keyOf({ userId, sessionId }: Claims): string {
  return `session:${userId}:${sessionId}`;
}

function accountOf(text: string): KnownAccount {
  return { ...(JSON.parse(text) as LookedUp), isConfirmed: false };
}
