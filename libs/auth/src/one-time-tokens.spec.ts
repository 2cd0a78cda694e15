import { aContext, unconnected } from '../../../test/support/unconnected';
import { accountEntities } from './account-entities';
import * as allMails from './account-mails';
import { existingAccountMail, passwordChangedMail, resetMail, verificationMail } from './account-mails';
import { OneTimeTokensService, tokenBytes, tokenMinutes } from './one-time-tokens.service';
import { newToken, sha256 } from './random-tokens';

/** The default of PORTAL_URL, by which a link fits in a line. */
const portal = 'http://127.0.0.1:3000';

function tokensWith(rows: object[] = []) {
  const { database, sent } = unconnected(accountEntities, () => rows);
  return { tokens: new OneTimeTokensService(database), sent };
}

describe('a token that is good once', () => {
  it.each([
    ['verify-email', 1440],
    ['reset-password', 60],
    ['mfa', 5],
  ] as const)('for %s is good for %i minutes, and leaves earlier ones good', async (purpose, minutes) => {
    const { tokens, sent } = tokensWith();
    const token = await tokens.issue(aContext(), 7, purpose);
    expect(tokenMinutes[purpose]).toBe(minutes);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.sql).toContain(`now() + interval '${minutes} minutes'`);
    // Nobody can read it back.
    expect(sent[0]?.values).toEqual([7, purpose, sha256(token)]);
    expect(JSON.stringify(sent)).not.toContain(token);
  });

  it('belongs to nobody once it was used or has expired, or for another purpose', async () => {
    const { tokens, sent } = tokensWith([{ userId: 7 }]);
    expect(await tokens.ownerOf(aContext(), 't', 'mfa')).toBe(7);
    expect(sent[0]?.sql).toMatch(
      /WHERE token_hash = \$1 AND purpose = \$2 AND used_at IS NULL AND expires_at > now\(\)$/,
    );
    expect(sent[0]?.values).toEqual([sha256('t'), 'mfa']);
    expect(await tokensWith().tokens.ownerOf(aContext(), 't', 'mfa')).toBeUndefined();
  });

  it('is void with all others of its account, whatever they are for', async () => {
    const { tokens, sent } = tokensWith();
    await tokens.voidAll(aContext(), 7);
    expect(sent[0]?.sql).toMatch(/ WHERE \(+user_id = \$1 AND used_at IS NULL\)+$/);
    expect(sent[0]?.values).toEqual([7]);
  });

  it('has 192 bits, which fit in a line of a mail', () => {
    const token = newToken(tokenBytes);
    expect([Buffer.from(token, 'base64url').length, /^[\w-]{32}$/.test(token)]).toEqual([24, true]);
    expect(newToken(tokenBytes)).not.toBe(token);
  });

  it('is found by the hash that is published for SHA-256', () => {
    // FIPS 180-2, B.1.
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('a mail', () => {
  const token = 'x'.repeat(32);

  it.each([
    ['verify-email', verificationMail],
    ['reset-password', resetMail],
  ])('leads to %s, with its token where no server sees it', (page, mail) => {
    for (const url of [portal, `${portal}/`]) {
      expect(mail(url, token).text).toContain(`\n${portal}/${page}#token=${token}\n`);
    }
  });

  it('that tells of an account holds no token, and neither does one that tells of a new password', () => {
    expect(existingAccountMail(portal).text).toContain(`\n${portal}\n`);
    expect(existingAccountMail(portal).text + passwordChangedMail().text).not.toContain('token');
  });

  it('reads as it is: its lines are ASCII of at most 76 characters', () => {
    const mails = Object.values(allMails).map((mail) => mail(portal, token));
    const lines = mails.flatMap(({ subject, text }) => [subject, ...text.split('\n')]);
    expect(lines.filter((line) => !/^[\x20-\x7e]{0,76}$/.test(line))).toEqual([]);
  });
});
