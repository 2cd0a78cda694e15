import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '#platform/config';

/** Mails on their way at a time; more are dropped, so that memory stays bounded while a mail server hangs. */
const maxUnderway = 1_000;
/** How long a mail server may take to answer, in ms. */
const serverMs = 10_000;

export interface Mail {
  /** One address, not a list. */
  to: string;
  subject: string;
  text: string;
}

/**
 * Sends mail: by SMTP_URL, or without one into the folder DATA_DIR/mail. What waits is lost when the process is killed,
 * so nothing may depend on a mail that a person can not ask for again.
 */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly logger = new Logger('mail');
  private readonly underway = new Set<Promise<void>>();
  private readonly deliver: (mail: Mail) => Promise<void>;
  private close = () => {};

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.deliver = config.SMTP_URL ? this.bySmtp(config.SMTP_URL) : this.byFolder(join(config.dataFolder, 'mail'));
  }

  /**
   * Resolves when the mail was handed over or given up; never rejects, because a failing mail server must not change an
   * answer. Callers do not wait for it, nor call it inside a transaction: the mail would tell of what may not come to be.
   */
  send(mail: Mail): Promise<void> {
    if (this.underway.size >= maxUnderway) {
      this.logger.error({ underway: this.underway.size }, 'Mail dropped: too many wait');
      return Promise.resolve();
    }
    const sending = this.deliver(mail)
      .catch((error: unknown) => this.logger.error(faultOf(error), 'Mail could not be sent'))
      .finally(() => this.underway.delete(sending));
    this.underway.add(sending);
    return sending;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.underway);
    this.close();
  }

  private bySmtp(url: string): (mail: Mail) => Promise<void> {
    const options = {
      url,
      pool: true as const,
      maxConnections: 2,
      connectionTimeout: serverMs,
      greetingTimeout: serverMs,
      socketTimeout: serverMs,
    };
    const connecting = lazily(async () => {
      const transport = (await import('nodemailer')).createTransport(options);
      this.close = () => transport.close();
      return transport;
    });
    return async (mail) => {
      await (await connecting()).sendMail(this.message(mail));
    };
  }

  /** Written aside and renamed, so that whoever watches the folder meets whole mails only. For the owner's eyes alone. */
  private byFolder(folder: string): (mail: Mail) => Promise<void> {
    const rendering = lazily(async () => {
      const { createTransport } = await import('nodemailer');
      return createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
    });
    return async (mail) => {
      const { message } = await (await rendering()).sendMail(this.message(mail));
      const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID()}.eml`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(`${file}.new`, message as Buffer, { mode: 0o600 });
      await rename(`${file}.new`, file);
    };
  }

  private message({ to, subject, text }: Mail) {
    return {
      from: this.config.MAIL_FROM,
      to: { name: '', address: to },
      subject,
      text,
      disableFileAccess: true,
      disableUrlAccess: true,
    };
  }
}

/** Most processes never send a mail, so the library is loaded with the first one. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** What may be logged: a server's own words repeat the address. */
function faultOf(error: unknown): { code?: string; responseCode?: number } {
  const { code, responseCode } = (error ?? {}) as { code?: string; responseCode?: number };
  return { code, responseCode };
}
