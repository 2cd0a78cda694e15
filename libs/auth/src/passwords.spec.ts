import { hash } from '@node-rs/argon2';
import { aContext } from '../../../test/support/unconnected';
import { ResetPassword, VerifyEmail } from './account.dto';
import { ChangePassword, newPassword } from './auth.dto';
import { commonPasswords } from './common-passwords';
import { hashNewPassword, hashPassword, isPassword, type Owner } from './passwords';
import { CreateUser, UpdateUser } from './user.dto';

const context = aContext();
const password = 'correct horse battery staple';

describe('a new password', () => {
  it.each([
    ['abcdefghijkl', true],
    ['abcdefghijk', false],
    ['correct horse battery staple', true],
    ['пароль-из-букв', true],
    ['            ', false],
    ['aaaabbbbccccdddd', false],
    ['aaaabbbbccccdddde', true],
    // Nothing is cut off: what is shortened in silence is another password.
    [`abcde${'f'.repeat(123)}`, true],
    [`abcde${'f'.repeat(124)}`, false],
    // Eleven letters, two of them with an accent of its own: twelve and thirteen characters before NFC.
    ['cafe\u0301cafe\u0301cas', false],
    ['cafe\u0301cafe\u0301cash', true],
    [12345678901234, false],
    [null, false],
  ])('%j is taken: %s', (value, taken) => {
    expect(newPassword.safeParse(value).success).toBe(taken);
  });

  it('is taken as it was typed, blanks too', () => {
    expect(newPassword.parse('  correct horse  ')).toBe('  correct horse  ');
  });

  const user = { email: 'a@local.example', firstName: 'A', lastName: 'B', roles: [] };
  it.each([
    ['changing it', ChangePassword, (value: string) => ({ currentPassword: 'x', newPassword: value })],
    ['resetting it', ResetPassword, (value: string) => ({ token: 't', newPassword: value })],
    ['choosing the first', VerifyEmail, (value: string) => ({ token: 't', newPassword: value })],
    ['creating an account', CreateUser, (value: string) => ({ ...user, password: value })],
    ['changing an account', UpdateUser, (value: string) => ({ password: value })],
  ])('has the same rules for %s', (_what, schema, body) => {
    expect(schema.safeParse(body('short')).success).toBe(false);
    expect(schema.safeParse(body(password)).success).toBe(true);
  });
});

describe('a password that somebody chose', () => {
  const chosenBy = (owner: Owner) => ({ pointer: '/newPassword', owner });
  const local = {
    ...{ LOCAL_NAME: 'Iron Workers Local 1245', MAIL_FROM: 'IP2A <office@raincity.example>' },
    PORTAL_URL: 'https://solidarity.example/portal',
  };
  const owner = { email: 'rosa.delgado@ibew46.example', firstName: 'Rosalía', lastName: 'Ngo-Featherstone' };
  const common = 'is one of the most common passwords; choose another one';
  const ofWords =
    'is made of your name, of your e-mail address, or of words of the local or of IP2A; choose another one';

  it.each([
    ['123qweasdzxc', common],
    ['Password1234', common],
    ['aDmiNistrator', common],
    ['abcdefghijkl', common],
    ['rosa.delgado', ofWords],
    ['Delgado-2026!!', ofWords],
    ['ROSA DELGADO 1', ofWords],
    ['ibew46 ibew46 ibew46', ofWords],
    ['IP2A-ip2a-2026', ofWords],
    ['ip2a.1234567890', ofWords],
    ['Featherstone1979', ofWords],
    ['rosalia-ROSALIA', ofWords],
    ['Rosalía.1980.xyz', ofWords],
    ['ngo ngo ngo 2026!', ofWords],
    ['NgoFeatherstone', ofWords],
    ['featherstone-is-fun', ofWords],
    ['IronWorkers2026', ofWords],
    ['Local1245-Local1245', ofWords],
    ['1245.1245.9876', ofWords],
    ['raincity raincity', ofWords],
    ['Solidarity-2026', ofWords],
    ['Union.Member.99', ofWords],
    ['office@raincity1', ofWords],
  ])('is refused as %j', async (chosen, message) => {
    await expect(hashNewPassword(context, chosen, chosenBy(owner), local)).rejects.toMatchObject({
      code: 'request.invalid',
      errors: [{ pointer: '/newPassword', message }],
    });
  });

  it.each([
    'correct horse battery staple',
    'correcthorsebatterystaple',
    'delgado likes ibew46 very much',
    'ip2a is my favourite program',
    'пароль-из-букв',
    '839 201 847 362 15',
    'Qm9vVHJpY2tz-77',
  ])('is taken as %j', async (chosen) => {
    expect(await isPassword(context, chosen, await hashNewPassword(context, chosen, chosenBy(owner), local))).toBe(
      true,
    );
  });

  it.each(['', 'a@b.cd', 'ann@c.de'])('may hold the few letters of %j', async (short) => {
    const chosen = 'annabel-2026-a';
    expect(await hashNewPassword(context, chosen, chosenBy({ email: short }), local)).toMatch(/^\$argon2id/);
  });

  it('is looked for among 3,000', () => {
    expect(new Set(commonPasswords.match(/[^\n]{12}/g)).size).toBe(3_000);
  });
});

describe('a password', () => {
  it('is kept as Argon2id with 19 MiB, two passes and one lane, salted', async () => {
    const hashes = await Promise.all([hashPassword(context, password), hashPassword(context, password)]);
    for (const text of hashes) expect(text).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22,}\$[\w+/]{43}$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('is right to the letter', async () => {
    const kept = await hashPassword(context, password);
    const typed = [password, `${password} `, password.toUpperCase(), password.slice(0, -1), ''];
    const right = await Promise.all(typed.map((text) => isPassword(context, text, kept)));
    expect(right).toEqual([true, false, false, false, false]);
  });

  it('is right whichever way its accents are typed, then and now', async () => {
    const [one, two] = ['é'.normalize('NFC'), 'é'.normalize('NFD')].map((e) => `un caf${e} serré`);
    for (const chosen of [one!, two!]) {
      const kept = await hashPassword(context, chosen);
      expect([await isPassword(context, one!, kept), await isPassword(context, two!, kept)]).toEqual([true, true]);
    }
    // Hashed by an earlier version, as it was typed.
    expect(await isPassword(context, two!, await hash(two!))).toBe(true);
  });

  it('is right under older parameters as well', async () => {
    expect(await isPassword(context, password, await hash(password, { memoryCost: 8192, timeCost: 1 }))).toBe(true);
  });

  it('is never right where there is no account, not even the one that is compared with', async () => {
    expect(await isPassword(context, password, undefined)).toBe(false);
    expect(await isPassword(context, 'no account has this password', undefined)).toBe(false);
  });

  it('takes time that does not count for the request that waits for it', async () => {
    const hurried = aContext(undefined, { deadlineMs: 50 });
    await Promise.all(Array.from({ length: 8 }, () => hashPassword(hurried, password)));
    expect(hurried.timeLeftMs).toBeGreaterThan(0);
  });
});
