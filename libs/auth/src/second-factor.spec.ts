import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { Clock } from '#kernel';
import { SecretBox } from '#platform/secrets';
import type { Role } from '#access';
import { aContext, anActor, codeOf, unconnected } from '../../../test/support/unconnected';
import { accountEntities } from './account-entities';
import { type Account, AccountsService } from './accounts.service';
import { ConfirmMfa, DisableMfa, VerifyMfa } from './mfa.dto';
import { hashPassword } from './passwords';
import { sha256 } from './random-tokens';
import { SecondFactorService } from './second-factor.service';

class FixedClock extends Clock {
  seconds = 0;
  override now(): Date {
    return new Date(this.seconds * 1000);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'ip2a-factor-'));
const file = join(folder, 'secrets.key');
writeFileSync(file, Buffer.alloc(32, 7));
const box = new SecretBox({ SECRETS_KEY_FILE: file, JWT_PRIVATE_KEY_FILE: undefined }, 'secrets');
afterAll(() => rmSync(folder, { recursive: true }));

/** The secret of RFC 6238, appendix B, and the last six digits of its codes there. */
const secret = Secret.fromLatin1('12345678901234567890');
const password = 'correct horse battery staple';
let passwordHash: string;
beforeAll(async () => (passwordHash = await hashPassword(aContext(), password)));

const accountWith = (facts: Partial<Account> = {}): Account => ({
  ...anActor('staff'),
  ...{ userId: 7, passwordHash, firstName: 'Rosa', lastName: 'Delgado' },
  ...{ fault: null, passwordsWait: false, codesWait: false, isGuessedAt: false },
  ...{ mfaSecret: box.seal(secret.base32, '7'), isEnrolled: true, mfaLastStep: null },
  ...facts,
});

/** TypeORM's change of the row with this id. */
const update = (change: string, id: string) => `UPDATE ${change}, updated_at = CURRENT_TIMESTAMP WHERE id = ${id}`;

/** The service at a time, where this is the account; and the failures that it put on record. */
function serviceAt(seconds: number, account: Account | undefined = accountWith(), codes: string[] = []) {
  const { database, sent } = unconnected(accountEntities, (sql, values) => {
    if (sql.includes('FROM mfa_recovery_codes'))
      return codes.includes(values[1] as string) ? [{ recoveryCodeId: 3 }] : [];
    return [{ id: 7 }];
  });
  const failures: (string | undefined)[] = [];
  const accounts = Object.assign(Object.create(AccountsService.prototype) as AccountsService, {
    find: async () => account,
    lock: async () => account,
    recordFailure: async (_context: unknown, _email: string, _account: unknown, wrong?: string) =>
      void failures.push(wrong),
  });
  const clock = new FixedClock();
  clock.seconds = seconds;
  return { service: new SecondFactorService(database, accounts, box, clock), sent, failures };
}

const match = (seconds: number, proof: { code?: string; recoveryCode?: string }, facts: Partial<Account> = {}) => {
  const account = accountWith(facts);
  return serviceAt(seconds, account).service.match(aContext(), account, proof);
};

describe('a code', () => {
  it.each([
    [59, '287082', 1],
    [1_111_111_109, '081804', 37_037_036],
    [1_111_111_111, '050471', 37_037_037],
    [1_234_567_890, '005924', 41_152_263],
    [2_000_000_000, '279037', 66_666_666],
  ])('at second %i is that of RFC 6238: %s', async (seconds, code, step) => {
    expect(await match(seconds, { code })).toEqual({ step });
  });

  it.each([
    [-60, false],
    [-31, false],
    [-30, true],
    [0, true],
    [30, true],
    [59, true],
    [60, false],
    [90, false],
  ])('is taken %i seconds after its step began: %s', async (late, taken) => {
    // 1,234,567,890 is the first second of its step.
    expect((await match(1_234_567_890 + late, { code: '005924' })) !== undefined).toBe(taken);
  });

  it('says the step that it was made for, whenever it is sent', async () => {
    for (const late of [-30, 0, 59]) {
      expect(await match(1_234_567_890 + late, { code: '005924' })).toEqual({ step: 41_152_263 });
    }
  });

  it.each([
    [null, true],
    [0, true],
    [41_152_262, true],
    [41_152_263, false],
    [41_152_264, false],
  ])('is good once: with the last step %s it is taken: %s', async (mfaLastStep, taken) => {
    expect((await match(1_234_567_890, { code: '005924' }, { mfaLastStep })) !== undefined).toBe(taken);
  });

  it.each(['005925', '5924', '0059241', ''])('%j is wrong', async (code) => {
    expect(await match(1_234_567_890, { code })).toBeUndefined();
  });

  it('is worth nothing for an account whose factor was not confirmed', async () => {
    expect(await match(1_234_567_890, { code: '005924' }, { isEnrolled: false })).toBeUndefined();
  });

  it('is worth nothing for the secret of another account', async () => {
    const facts = { mfaSecret: box.seal(secret.base32, '8') };
    await expect(match(1_234_567_890, { code: '005924' }, facts)).rejects.toThrow();
  });

  it('is used up with its step', async () => {
    const { service, sent } = serviceAt(0);
    await service.use(aContext(), accountWith(), { step: 41_152_263 });
    expect(sent).toEqual([{ sql: update('users SET mfa_last_step = $1', '$2'), values: [41_152_263, 7] }]);
  });
});

describe('a recovery code', () => {
  const kept = [sha256('ABCDEFGHJKLMNPQR')];
  const matches = (recoveryCode: string) => {
    const { service, sent } = serviceAt(0, undefined, kept);
    return { found: service.match(aContext(), accountWith(), { recoveryCode }), sent };
  };

  it.each([
    ['ABCD-EFGH-JKLM-NPQR', true],
    [' abcd efgh jklm npqr ', true],
    ['ABCD\u2013EFGH\u00a0JKLM\u2011NPQR\n', true],
    ['ABCDEFGHJKLMNPQR', true],
    ['ABCD-EFGH-JKLM-NPQ', false],
    ['', false],
  ])('%j, as people copy it from paper, is right: %s', async (code, right) => {
    expect(await matches(code).found).toEqual(right ? { recoveryCodeId: 3 } : undefined);
  });

  it('is looked for among those of the account that were not used', async () => {
    const { found, sent } = matches('ABCD-EFGH-JKLM-NPQR');
    await found;
    expect(sent[0]?.sql).toMatch(/WHERE user_id = \$1 AND code_hash = \$2 AND used_at IS NULL$/);
    expect(sent[0]?.values).toEqual([7, kept[0]]);
  });

  it('is used up by its id, and does not bring the step of codes back', async () => {
    const { service, sent } = serviceAt(0);
    await service.use(aContext(), accountWith(), { recoveryCodeId: 3 });
    expect(sent).toEqual([{ sql: update('mfa_recovery_codes SET used_at = now()', '$1'), values: [3] }]);
  });

  it('is worth nothing without a second factor', async () => {
    const { service, sent } = serviceAt(0, undefined, kept);
    const account = accountWith({ isEnrolled: false });
    expect(await service.match(aContext(), account, { recoveryCode: 'ABCDEFGHJKLMNPQR' })).toBeUndefined();
    expect(sent).toEqual([]);
  });
});

describe('setting a second factor up', () => {
  it('takes the password, and a secret of 160 bits that counts once it is confirmed', async () => {
    const { service, sent } = serviceAt(0, accountWith({ isEnrolled: false }));
    const { secret: text, otpauthUrl } = await service.enroll(aContext(anActor('staff')), {
      currentPassword: password,
    });
    expect(text).toMatch(/^[A-Z2-7]{32}$/);
    const url = new URL(otpauthUrl);
    expect([url.searchParams.get('secret'), url.searchParams.get('digits')]).toEqual([text, '6']);
    expect(sent[0]?.sql).toMatch(/ WHERE \(+id = \$3 AND mfa_enabled_at IS NULL\)+$/);
    // Encrypted, for this account.
    expect(box.open(sent[0]?.values[0] as string, '7')).toBe(text);
  });

  it('with a wrong password is refused, and counted', async () => {
    const { service, sent, failures } = serviceAt(0);
    const enroll = () => service.enroll(aContext(anActor('staff')), { currentPassword: 'wrong' });
    expect([await codeOf(enroll), failures, sent]).toEqual(['auth.login-failed', ['wrong password'], []]);
  });

  it.each<[string, Partial<Account>, string, string]>([
    ['in force already', {}, '005924', 'auth.mfa-enrolled'],
    ['never begun', { isEnrolled: false, mfaSecret: null }, '005924', 'auth.mfa-not-enrolled'],
    ['begun, with a wrong code', { isEnrolled: false }, '005925', 'auth.login-failed'],
    ['begun, with the code', { isEnrolled: false }, '005924', 'fine'],
  ])('is confirmed where it is %s: %j %s gets %s', async (_how, facts, code, outcome) => {
    const { service, failures } = serviceAt(1_234_567_890, accountWith(facts));
    expect(await codeOf(() => service.confirm(aContext(anActor('staff')), { code }))).toBe(outcome);
    expect(failures).toEqual(outcome === 'auth.login-failed' ? ['wrong code'] : []);
  });

  it('hands out ten recovery codes once, keeps their hashes, and uses the code up', async () => {
    const { service, sent } = serviceAt(1_234_567_890, accountWith({ isEnrolled: false }));
    const { recoveryCodes } = await service.confirm(aContext(anActor('staff')), { code: '005924' });
    expect(new Set(recoveryCodes).size).toBe(10);
    for (const code of recoveryCodes) expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
    expect(sent[0]).toEqual({
      sql: update('users SET mfa_enabled_at = now(), mfa_last_step = $1', '$2'),
      values: [41_152_263, 7],
    });
    // Those of an earlier one are gone.
    expect(sent[1]?.sql).toMatch(/^DELETE FROM mfa_recovery_codes WHERE \(*user_id = \$1\)*$/);
    expect(sent[2]?.values).toEqual(recoveryCodes.flatMap((code) => [7, sha256(code.replaceAll('-', ''))]));
  });
});

describe('giving a second factor up', () => {
  const proof = { password, code: '005924' };

  it.each<[Role, Partial<Account>, object, string]>([
    ['staff', {}, {}, 'fine'],
    ['member', {}, {}, 'fine'],
    // Roles that see this much keep it.
    ['admin', {}, {}, 'access.denied'],
    ['officer', {}, {}, 'access.denied'],
    ['staff', {}, { code: '005925' }, 'auth.login-failed'],
    ['staff', {}, { password: 'wrong' }, 'auth.login-failed'],
    ['staff', { mfaLastStep: 41_152_263 }, {}, 'auth.login-failed'],
    ['staff', { isEnrolled: false }, {}, 'auth.mfa-not-enrolled'],
  ])('by %s of %j with %j: %s', async (role, facts, wrong, code) => {
    const { service, sent } = serviceAt(1_234_567_890, accountWith(facts));
    expect(await codeOf(() => service.disable(aContext(anActor(role)), { ...proof, ...wrong }))).toBe(code);
    const gone = update('users SET mfa_secret = $1, mfa_enabled_at = $2, mfa_last_step = $3', '$4');
    expect(sent.map(({ sql }) => sql)).toEqual(
      code === 'fine' ? [gone, expect.stringMatching(/^DELETE FROM mfa_recovery_codes /)] : [],
    );
    if (code === 'fine') expect(sent[0]?.values).toEqual([null, null, null, 7]);
  });
});

describe('the second step of a log-in', () => {
  it.each([
    [{ code: '492039' }, true],
    [{ code: ' 492039 ' }, true],
    [{ code: '492 039' }, true],
    [{ code: '4 9 2 0 3 9' }, true],
    [{ code: '492-039\n' }, true],
    [{ code: '\u200b492\u2009039\u00a0' }, true],
    [{ code: '\uff14\uff19\uff12\u3000\uff10\uff13\uff19' }, true],
    [{ code: '492 03' }, false],
    [{ recoveryCode: ' - ' }, false],
    [{ recoveryCode: 'ABCD-EFGH' }, true],
    [{}, false],
    [{ code: '492039', recoveryCode: 'ABCD-EFGH' }, false],
    [{ code: '49203' }, false],
    [{ code: '4920391' }, false],
    [{ code: '49203a' }, false],
    [{ code: 492_039 }, false],
    [{ recoveryCode: '' }, false],
  ])('takes %j: %s', (proof, taken) => {
    expect(VerifyMfa.safeParse({ mfaToken: 't', ...proof }).success).toBe(taken);
    if (!('code' in proof) || 'recoveryCode' in proof) return;
    const parsed = [ConfirmMfa.safeParse(proof), DisableMfa.safeParse({ ...proof, password: 'x' })];
    const read = parsed.map(({ data }) => data?.code);
    expect(read).toEqual(taken ? ['492039', '492039'] : [undefined, undefined]);
  });
});

it('is a code that any authenticator app makes', () => {
  const app = new TOTP({ secret });
  expect(app.generate({ timestamp: 1_234_567_890_000 })).toBe('005924');
});
