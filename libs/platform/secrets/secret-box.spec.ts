import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTokenKey } from '../../../test/support/keys';
import { SecretBox } from './secret-box';

const folder = mkdtempSync(join(tmpdir(), 'ip2a-box-'));
afterAll(() => rmSync(folder, { recursive: true }));

function boxWith(key: Buffer | string): SecretBox {
  const file = join(folder, 'secrets.key');
  writeFileSync(file, key);
  return new SecretBox({ SECRETS_KEY_FILE: file, JWT_PRIVATE_KEY_FILE: undefined }, 'spec');
}

describe('a sealed secret', () => {
  const key = randomBytes(32);

  it('opens under the same key, whether its file holds bytes or base64, and never looks the same twice', () => {
    const sealed = boxWith(key).seal('JBSWY3DP', '7');
    expect(boxWith(`${key.toString('base64')}\n`).open(sealed, '7')).toBe('JBSWY3DP');
    expect(boxWith(key).seal('JBSWY3DP', '7')).not.toBe(sealed);
    expect(sealed).not.toContain('JBSWY3DP');
  });

  it('does not open for another owner, under another key, or when a bit of it was changed', () => {
    const sealed = boxWith(key).seal('JBSWY3DP', '7');
    const spoilt = `${sealed.slice(0, -2)}${sealed.at(-2) === 'A' ? 'B' : 'A'}${sealed.slice(-1)}`;
    expect(() => boxWith(key).open(sealed, '8')).toThrow();
    expect(() => boxWith(randomBytes(32)).open(sealed, '7')).toThrow();
    expect(() => boxWith(key).open(spoilt, '7')).toThrow();
  });

  it('opens under the key of the tokens that it was kept under before there was one for secrets', () => {
    const file = writeTokenKey(folder);
    const sealed = new SecretBox({ SECRETS_KEY_FILE: undefined, JWT_PRIVATE_KEY_FILE: file }, 'spec').seal(
      'JBSWY3DP',
      '7',
    );
    expect(boxWith(readFileSync(file)).open(sealed, '7')).toBe('JBSWY3DP');
  });

  it.each([
    ['has 31 bytes', randomBytes(31)],
    ['is a text', 'correct horse battery staple'],
  ])('has no key that %s', (_what, bytes) => {
    expect(() => boxWith(bytes)).toThrow('SECRETS_KEY_FILE: must hold 32 bytes');
  });
});
