import type { AuditWriter } from '#audit';
import type { SharedCache } from '#platform/cache';
import type { PrimaryMoment } from '#platform/context';
import { aContext, anActor, codeOf, errorOf, unconnected } from '../../../test/support/unconnected';
import type { OneTimeTokensService } from './one-time-tokens.service';
import type { PrimaryReadingsService } from './primary-readings.service';
import { sha256 } from './random-tokens';
import { SessionsService } from './sessions.service';
import type { Claims, TokensService } from './tokens.service';

const moment: PrimaryMoment = { lsn: '0/1', timeline: '00000001', seconds: 1_790_000_000, generations: {} };
const claims: Claims = { userId: 7, sessionId: 'family', tier: 'staff', expiresAt: 1_790_000_900 };

/** Sessions over an account whose version, row and cached row the spec sets. */
function sessionsWith(given: { token?: object | null } = {}) {
  const state = {
    version: '1' as string | undefined,
    row: { ...anActor('staff'), version: '1', rolesEndInMs: null as number | null } as object | undefined,
    cached: new Map<string, string>(),
    seconds: [] as number[],
    voided: [] as number[],
  };
  const { database, sent } = unconnected([], (sql) => {
    if (sql.includes('FROM refresh_tokens t JOIN users')) return given.token ? [given.token] : [];
    return sql.includes('AS "rolesEndInMs"') && state.row ? [state.row] : [];
  });
  const cache = {
    isConfigured: false,
    recall: async (_kind: string, name: string, bound: string) => state.cached.get(`${name} ${bound}`),
    remember: async (_kind: string, name: string, bound: string, value: string, seconds: number) => {
      state.cached.set(`${name} ${bound}`, value);
      state.seconds.push(seconds);
    },
  } as unknown as SharedCache;
  const readings = { next: async () => ({ ...moment, version: state.version }) } as unknown as PrimaryReadingsService;
  const tokens = {
    sign: async (userId: number, sessionId: string, tier: string) => `${userId} ${sessionId} ${tier}`,
  } as unknown as TokensService;
  const oneTime = { voidAll: async (_: unknown, userId: number) => void state.voided.push(userId) };
  const make = () =>
    new SessionsService(
      database,
      tokens,
      readings,
      oneTime as unknown as OneTimeTokensService,
      {} as AuditWriter,
      cache,
    );
  return { sessions: make(), another: make(), state, sent };
}

const looks = (sent: { sql: string }[]) => sent.filter(({ sql }) => sql.includes('AS "rolesEndInMs"')).length;

describe('the actor behind a token', () => {
  it('is looked up where the account works and the session was not ended, and carries no more than an actor', async () => {
    const { sessions, sent } = sessionsWith();
    const context = aContext();
    expect(await sessions.actorOf(context, claims)).toEqual(anActor('staff'));
    expect([context.primary, sent[0]?.values]).toEqual([moment, [7, 'family']]);
    expect(sent[0]?.sql).toMatch(
      / END IS NULL AND EXISTS \(SELECT FROM refresh_tokens WHERE family_id = \$2 AND user_id = u\.id AND revoked_at IS NULL\)$/,
    );
  });

  it('is looked up once for each version of the account', async () => {
    const { sessions, state, sent } = sessionsWith();
    await sessions.actorOf(aContext(), claims);
    await sessions.actorOf(aContext(), claims);
    expect(looks(sent)).toBe(1);
    state.version = '2';
    state.row = { ...anActor('member'), version: '2', rolesEndInMs: null };
    expect((await sessions.actorOf(aContext(), claims)).roles).toEqual(['member']);
    expect(looks(sent)).toBe(2);
  });

  it('is another one for another session or user', async () => {
    const { sessions, sent } = sessionsWith();
    await sessions.actorOf(aContext(), claims);
    await sessions.actorOf(aContext(), { ...claims, sessionId: 'other' });
    await sessions.actorOf(aContext(), { ...claims, userId: 8 });
    expect(looks(sent)).toBe(3);
  });

  it('is nobody once the session was ended, however often it was looked up before', async () => {
    const { sessions, state } = sessionsWith();
    await sessions.actorOf(aContext(), claims);
    expect([sessions.isEnded(claims), sessions.remembered(claims)?.userId]).toEqual([false, 7]);
    Object.assign(state, { version: '2', row: undefined });
    expect(await codeOf(() => sessions.actorOf(aContext(), claims))).toBe('auth.token-invalid');
    expect(sessions.isEnded(claims)).toBe(true);
    expect(sessions.isEnded({ ...claims, sessionId: 'other' })).toBe(false);
  });

  it('whose version nobody knows is looked up each time', async () => {
    const { sessions, state, sent } = sessionsWith();
    state.version = undefined;
    await sessions.actorOf(aContext(), claims);
    await sessions.actorOf(aContext(), claims);
    expect(looks(sent)).toBe(2);
  });

  it('is found by other processes under the same version and timeline', async () => {
    const { sessions, another, state, sent } = sessionsWith();
    await sessions.actorOf(aContext(), claims);
    expect([...state.cached.keys()]).toEqual(['session:7:family 00000001 1']);
    expect(await another.actorOf(aContext(), claims)).toEqual(anActor('staff'));
    expect(looks(sent)).toBe(1);
  });

  it.each([
    [null, 86_400],
    [5_000, 5],
    [200_000_000, 86_400],
  ])('one of whose roles ends in %s ms is shared for %i seconds', async (rolesEndInMs, seconds) => {
    const { sessions, state } = sessionsWith();
    state.row = { ...anActor('staff'), version: '1', rolesEndInMs };
    await sessions.actorOf(aContext(), claims);
    expect(state.seconds).toEqual([seconds]);
  });

  it.each([
    [4_900, 1],
    [5_100, 2],
  ])('is kept until a role ends after five seconds: %i ms later it was looked up %i times', async (later, times) => {
    const { sessions, state, sent } = sessionsWith();
    state.row = { ...anActor('staff'), version: '1', rolesEndInMs: 5_000 };
    await sessions.actorOf(aContext(), claims);
    state.cached.clear();
    const begun = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => begun + later);
    await sessions.actorOf(aContext(), claims);
    jest.restoreAllMocks();
    expect(looks(sent)).toBe(times);
  });
});

describe('a refresh', () => {
  const token = { id: 3, familyId: 'family', isRotated: false, isOver: false, works: true, ...anActor('member') };
  const refresh = async (found: object | null) => {
    const { sessions, sent } = sessionsWith({ token: found });
    const shown: unknown[] = [];
    const error = await errorOf(async () => shown.push(await sessions.refresh(aContext(), 'secret')));
    const changes = sent.filter(({ sql }) => !sql.startsWith('SELECT')).map(({ sql }) => sql.slice(0, 40));
    return { error, code: error?.code, shown: shown[0], changes, sent };
  };

  it('uses the token up and goes on with the same session, at the tier of the roles that count now', async () => {
    const { shown, changes, sent } = await refresh(token);
    expect(changes).toEqual(['UPDATE refresh_tokens SET rotated_at = n', 'INSERT INTO refresh_tokens (user_id, fam']);
    expect(shown).toMatchObject({ accessToken: '7 family member', tokenType: 'Bearer', expiresIn: 900 });
    const { refreshToken } = shown as { refreshToken: string };
    expect(sent.at(-1)?.values.slice(0, 3)).toEqual([7, 'family', sha256(refreshToken)]);
    expect(refreshToken).toMatch(/^[\w-]{43}$/);
  });

  it.each([
    ['nobody knows', null],
    ['is over', { ...token, isOver: true }],
    ['is over, and was used before', { ...token, isOver: true, isRotated: true }],
    ['belongs to an account that does not work', { ...token, works: false }],
  ])('with a token that %s is refused, and changes nothing', async (_which, found) => {
    expect(await refresh(found)).toMatchObject({ code: 'auth.token-invalid', changes: [] });
  });

  it('with a token that was used before ends the session, for it may be stolen', async () => {
    const { error, changes, sent } = await refresh({ ...token, isRotated: true });
    expect(error?.code).toBe('auth.refresh-reused');
    expect(error?.refused).toEqual({ tableName: 'users', recordId: 7 });
    expect(changes).toEqual(['UPDATE refresh_tokens SET revoked_at = n']);
    expect(sent.at(-1)?.sql).toMatch(/WHERE family_id = \$1 AND revoked_at IS NULL$/);
    expect(sent.at(-1)?.values).toEqual(['family', 'reused']);
  });

  it('looks for the hash of the token under the lock of its account', async () => {
    const { sent } = await refresh(token);
    expect(sent[0]?.sql).toMatch(/^SELECT id FROM users WHERE .* FOR NO KEY UPDATE$/);
    expect(sent[1]?.sql).toMatch(/WHERE t\.token_hash = \$1 FOR UPDATE OF t$/);
    expect(sent[1]?.sql).toContain('t.revoked_at IS NOT NULL OR t.expires_at <= now() AS "isOver"');
    expect([sent[0]?.values, sent[1]?.values]).toEqual([[sha256('secret')], [sha256('secret')]]);
  });
});

describe('ending sessions', () => {
  it('of somebody else is not found', async () => {
    const { sessions, sent } = sessionsWith();
    expect(await codeOf(() => sessions.endOwn(aContext(anActor('staff')), 'family'))).toBe('record.not-found');
    expect(sent[0]?.sql).toContain('WHERE family_id = $1 AND user_id = $2 AND revoked_at IS NULL');
    expect(sent[0]?.values).toEqual(['family', 7]);
  });

  it('of an account ends all of them, and what was mailed to it', async () => {
    const { sessions, state, sent } = sessionsWith();
    await sessions.endAll(aContext(anActor('admin')), 8, 'account-locked');
    expect(sent.at(-1)?.sql).toMatch(/WHERE user_id = \$1 AND revoked_at IS NULL$/);
    expect([sent.at(-1)?.values, state.voided]).toEqual([[8, 'account-locked'], [8]]);
  });
});
