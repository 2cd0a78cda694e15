import type { PasswordProofsService } from '#access';
import type { AuditWriter } from '#audit';
import type { TieredCache } from '#platform/cache';
import { aContext, anActor, codeOf, errorOf, unconnected } from '../../../test/support/unconnected';
import { accountEntities } from './account-entities';
import type { OneTimeTokensService } from './one-time-tokens.service';
import { sha256 } from './random-tokens';
import { SessionsService } from './sessions.service';
import type { Claims, TokensService } from './tokens.service';

const claims: Claims = { userId: 7, sessionId: 'family', tier: 'staff', expiresAt: 1_790_000_900 };
const rowKey = 'session:7:family';

/** Sessions over an account whose row and cached row the spec sets. */
function sessionsWith(given: { token?: object | null } = {}) {
  const state = {
    rows: [{ ...anActor('staff'), version: '1', endsAt: null as number | null, key: rowKey }] as object[],
    here: new Map<string, string>(),
    elsewhere: new Map<string, string>(),
    seconds: [] as number[],
    voided: [] as number[],
  };
  const { database, sent } = unconnected(accountEntities, (sql) => {
    if (sql.includes('FROM refresh_tokens t JOIN users')) return given.token ? [given.token] : [];
    return sql.includes('AS "endsAt"') ? state.rows : [];
  });
  const cache = {
    here: (_kind: string, key: string) => state.here.get(key),
    elsewhere: async (_kind: string, key: string) => state.elsewhere.get(key),
    drop: (key: string) => void state.here.delete(key),
    set: (key: string, text: string, seconds: number) => {
      state.here.set(key, text);
      state.elsewhere.set(key, text);
      state.seconds.push(seconds);
    },
  } as unknown as TieredCache;
  const tokens = {
    sign: async (userId: number, sessionId: string, tier: string) => `${userId} ${sessionId} ${tier}`,
  } as unknown as TokensService;
  const oneTime = { voidAll: async (_: unknown, userId: number) => void state.voided.push(userId) };
  const sessions = new SessionsService(
    database,
    tokens,
    oneTime as unknown as OneTimeTokensService,
    {} as AuditWriter,
    cache,
    { demand: async () => undefined } as unknown as PasswordProofsService,
  );
  return { sessions, state, sent };
}

const looks = (sent: { sql: string }[]) => sent.filter(({ sql }) => sql.includes('AS "endsAt"')).length;

describe('the account behind a token', () => {
  it('is looked up where it works and the session was not ended, and is then confirmed', async () => {
    const { sessions, sent } = sessionsWith();
    const found = await sessions.find(claims);
    expect(found).toEqual({ id: 7, version: '1', endsAt: undefined, actor: anActor('staff'), isConfirmed: true });
    expect(sent[0]?.values).toEqual([['7'], ['family']]);
    expect(sent[0]?.sql).toMatch(
      / END IS NULL AND EXISTS \(SELECT FROM refresh_tokens WHERE family_id = k\.session_id AND user_id = u\.id AND revoked_at IS NULL\)$/,
    );
  });

  it('comes from memory, then from other processes, and is not confirmed by that', async () => {
    const { sessions, state, sent } = sessionsWith();
    await sessions.find(claims);
    expect(await sessions.find(claims)).toMatchObject({ version: '1', isConfirmed: false, actor: anActor('staff') });
    state.here.clear();
    expect(await sessions.find(claims)).toMatchObject({ version: '1', isConfirmed: false, actor: anActor('staff') });
    expect([looks(sent), state.seconds]).toEqual([1, [86_400]]);
  });

  it('is another one for another session or user', async () => {
    const { sessions, sent } = sessionsWith();
    await sessions.find(claims);
    await codeOf(async () => sessions.find({ ...claims, sessionId: 'other' }));
    await codeOf(async () => sessions.find({ ...claims, userId: 8 }));
    expect(looks(sent)).toBe(3);
  });

  it('is looked up once by all who come together', async () => {
    const { sessions, sent } = sessionsWith();
    await Promise.all(Array.from({ length: 20 }, () => sessions.lookUp(claims)));
    expect(looks(sent)).toBe(1);
  });

  it('is looked up anew where somebody asks the primary, and replaces what was cached', async () => {
    const { sessions, state } = sessionsWith();
    await sessions.find(claims);
    state.rows = [{ ...anActor('member'), version: '2', endsAt: 1_790_000_100, key: rowKey }];
    expect(await sessions.lookUp(claims)).toMatchObject({ version: '2', endsAt: 1_790_000_100, isConfirmed: true });
    expect(await sessions.find(claims)).toMatchObject({ version: '2', isConfirmed: false, actor: anActor('member') });
  });

  it('is nobody once the session was ended, however often it was looked up before', async () => {
    const { sessions, state } = sessionsWith();
    await sessions.find(claims);
    expect([sessions.isEnded(claims), sessions.remembered(claims)?.userId]).toEqual([false, 7]);
    state.rows = [];
    expect(await codeOf(() => sessions.lookUp(claims))).toBe('auth.token-invalid');
    expect([sessions.isEnded(claims), sessions.remembered(claims)]).toEqual([true, undefined]);
    expect(sessions.isEnded({ ...claims, sessionId: 'other' })).toBe(false);
  });
});

describe('a refresh', () => {
  const token = {
    id: 3,
    familyId: 'family',
    isRotated: false,
    isReused: false,
    isOver: false,
    works: true,
    ...anActor('member'),
  };
  const refresh = async (found: object | null) => {
    const { sessions, sent } = sessionsWith({ token: found });
    const shown: unknown[] = [];
    const error = await errorOf(async () => shown.push(await sessions.refresh(aContext(), 'secret')));
    const changes = sent.filter(({ sql }) => !sql.startsWith('SELECT')).map(({ sql }) => sql.slice(0, 40));
    return { error, code: error?.code, shown: shown[0], changes, sent };
  };

  it('uses the token up and goes on with the same session, at the tier of the roles that count now', async () => {
    const { shown, changes, sent } = await refresh(token);
    expect(changes).toEqual([
      'UPDATE refresh_tokens SET rotated_at = n',
      expect.stringMatching(/^INSERT INTO refresh_tokens/),
    ]);
    expect(shown).toMatchObject({ accessToken: '7 family member', tokenType: 'Bearer', expiresIn: 900 });
    const { refreshToken } = shown as { refreshToken: string };
    expect(sent.at(-1)?.values.slice(0, 3)).toEqual([7, 'family', sha256(refreshToken)]);
    expect(refreshToken).toMatch(/^[\w-]{43}$/);
  });

  it.each([
    ['nobody knows', null],
    ['is over', { ...token, isOver: true }],
    ['is over, and was used just before', { ...token, isOver: true, isRotated: true }],
    ['is over, and was used long before', { ...token, isOver: true, isRotated: true, isReused: true }],
    ['belongs to an account that does not work', { ...token, works: false }],
  ])('with a token that %s is refused, and changes nothing', async (_which, found) => {
    expect(await refresh(found)).toMatchObject({ code: 'auth.token-invalid', changes: [] });
  });

  it('with a token that was used just before goes on with the same session, too', async () => {
    const { shown, changes } = await refresh({ ...token, isRotated: true });
    expect(changes).toEqual([expect.stringMatching(/^INSERT INTO refresh_tokens/)]);
    expect(shown).toMatchObject({ accessToken: '7 family member' });
  });

  it('with a token that was used long before ends the session, for it may be stolen', async () => {
    const { error, changes, sent } = await refresh({ ...token, isRotated: true, isReused: true });
    expect(error?.code).toBe('auth.refresh-reused');
    expect(error?.refused).toEqual({ tableName: 'users', recordId: 7 });
    expect(changes).toEqual(['UPDATE refresh_tokens SET revoked_at = n']);
    expect(sent.at(-1)?.sql).toMatch(/ WHERE \(+family_id = \$2 AND revoked_at IS NULL\)+$/);
    expect(sent.at(-1)?.values).toEqual(['reused', 'family']);
  });

  it('looks for the hash of the token under the lock of its account', async () => {
    const { sent } = await refresh(token);
    expect(sent[0]?.sql).toMatch(/^SELECT id FROM users WHERE .* FOR NO KEY UPDATE$/);
    expect(sent[1]?.sql).toMatch(/WHERE t\.token_hash = \$1 FOR UPDATE OF t$/);
    expect(sent[1]?.sql).toMatch(
      /t\.revoked_at IS NOT NULL OR t\.expires_at <= now\(\) OR \(SELECT min\(.*days' AS "isOver"/,
    );
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
    expect(sent.at(-1)?.sql).toMatch(/ WHERE \(+user_id = \$2 AND revoked_at IS NULL\)+$/);
    expect([sent.at(-1)?.values, state.voided]).toEqual([['account-locked', 8], [8]]);
  });
});
