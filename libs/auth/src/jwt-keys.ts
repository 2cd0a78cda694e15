import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtSecretRequestType, type JwtModuleOptions } from '@nestjs/jwt';
import { CONFIG, readTokenKey, type Config } from '#platform/config';

/** RFC 7518: ECDSA with P-256 and SHA-256. */
const algorithm = 'ES256';
/** Who signs access tokens, and who is meant to read them. */
const issuer = 'ip2a';
/** RFC 9068: an access token is no ID token. */
const type = 'at+jwt';

/** A public key as a JSON Web Key (RFC 7517). */
export interface PublishedKey extends JsonWebKey {
  kid: string;
  alg: string;
  use: 'sig';
}

/**
 * The keys of access tokens, made once. One key signs. A token is checked with the key that it
 * names. JWT_PREVIOUS_KEY_FILE is a second key to check with, while a key is replaced.
 */
@Injectable()
export class JwtKeys {
  readonly signing: KeyObject;
  readonly signingId: string;
  private readonly publicKeys: ReadonlyMap<string, KeyObject>;

  constructor(@Inject(CONFIG) { JWT_PRIVATE_KEY_FILE = '', JWT_PREVIOUS_KEY_FILE }: Config) {
    this.signing = readTokenKey('JWT_PRIVATE_KEY_FILE', JWT_PRIVATE_KEY_FILE);
    const keys = [this.signing];
    if (JWT_PREVIOUS_KEY_FILE) keys.push(readTokenKey('JWT_PREVIOUS_KEY_FILE', JWT_PREVIOUS_KEY_FILE));
    this.publicKeys = new Map(keys.map((key) => createPublicKey(key)).map((key) => [idOf(key), key]));
    [this.signingId = ''] = this.publicKeys.keys();
  }

  /** The key that the token names. Throws where it names none of ours. */
  checking(token: string): KeyObject {
    const [header = ''] = token.split('.', 1);
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: unknown };
    const key = typeof kid === 'string' ? this.publicKeys.get(kid) : undefined;
    if (!key) throw new Error('The token names no key of ours.');
    return key;
  }

  /** The public keys, as a JSON Web Key Set. */
  get published(): { keys: PublishedKey[] } {
    const keys = [...this.publicKeys].map(([kid, key]): PublishedKey => ({
      ...key.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
      use: 'sig',
    }));
    return { keys };
  }
}

/** The beginning of the hash of the public key. */
function idOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64url').slice(0, 16);
}

/** How JwtService signs and checks: with the keys above, and nothing that a token could choose. */
export function jwtOptions(keys: JwtKeys): JwtModuleOptions {
  return {
    secretOrKeyProvider: (request, token) =>
      request === JwtSecretRequestType.SIGN ? keys.signing : keys.checking(token as string),
    signOptions: { algorithm, keyid: keys.signingId, header: { alg: algorithm, typ: type }, issuer, audience: issuer },
    verifyOptions: { algorithms: [algorithm], issuer, audience: issuer },
  };
}

/** Whether a header is that of an access token. `crit` is refused: no extension is understood. */
export function isAccessToken({ typ, crit }: { typ?: unknown; crit?: unknown }): boolean {
  const said = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined;
  return said === type && crit === undefined;
}
