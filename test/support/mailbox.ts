import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './load';

/** What has been dropped into DATA_DIR/mail, as its readers see it. */
export class Mailbox {
  constructor(private readonly folder: string) {}

  /** The texts of the mails to an address, the oldest first. */
  to(address: string): string[] {
    return this.files()
      .map((file) => readFileSync(join(this.folder, 'mail', file), 'latin1'))
      .filter((mail) => mail.includes(`To: ${address}\r\n`))
      .map(decoded);
  }

  /** The token in the newest of `count` mails, once they are there. */
  async token(address: string, count = 1): Promise<string> {
    await until(() => this.to(address).length >= count);
    const token = /#token=([\w-]+)/.exec(this.to(address).at(-1) ?? '')?.[1];
    if (!token) throw new Error(`No token was mailed to ${address}.`);
    return token;
  }

  files(): string[] {
    try {
      return readdirSync(join(this.folder, 'mail'))
        .filter((name) => name.endsWith('.eml'))
        .sort();
    } catch {
      return [];
    }
  }
}

/** Quoted-printable (RFC 2045 §6.7). */
function decoded(mail: string): string {
  const bytes = mail
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
