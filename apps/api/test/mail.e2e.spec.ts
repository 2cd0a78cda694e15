import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { startApi, type LocalApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';

interface Received {
  from: string;
  to: string[];
  text: string;
}

/** A real mail server on a port of its own, which refuses every address that begins with "refused". */
async function startMailServer(): Promise<{
  url: string;
  received: Received[];
  refused: string[];
  stop: () => Promise<void>;
}> {
  const received: Received[] = [];
  const refused: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    closeTimeout: 100,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      if (!address.startsWith('refused')) {
        done();
        return;
      }
      refused.push(address);
      done(Object.assign(new Error(`${address} is unknown here`), { responseCode: 550 }));
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        received.push({
          from,
          to: envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const stop = () => new Promise<void>((resolve) => server.close(resolve));
  return { url: `smtp://127.0.0.1:${port}`, received, refused, stop };
}

let mails: Awaited<ReturnType<typeof startMailServer>>;
let api: LocalApi;
beforeAll(async () => {
  mails = await startMailServer();
  api = await startApi({ config: { SMTP_URL: mails.url, MAIL_FROM: 'The Office <office@local.example>' } });
});
afterAll(async () => {
  await api.close();
  await mails.stop();
});

const forgot = (email: string) => api.anonymous.post('/auth/forgot-password', { email });

async function accountAt(email: string): Promise<void> {
  const { id } = await api.account(['staff']);
  await api.query('UPDATE users SET email = $2 WHERE id = $1', [id, email]);
}

describe('mail by SMTP', () => {
  it('is handed to the server that SMTP_URL names, from MAIL_FROM, to one address', async () => {
    await accountAt('reader@local.example');
    const reply = await forgot('reader@local.example');
    await until(() => mails.received.length > 0);
    const [mail] = mails.received;
    expect(mail).toMatchObject({ from: 'office@local.example', to: ['reader@local.example'] });
    expect(mail?.text).toMatch(/^From: The Office <office@local\.example>\r\n/m);
    expect(mail?.text).toMatch(/^Subject: Choose a new password\r\n/m);
    await api.expectAudit(reply, { action: 'CREATE', tableName: 'one_time_tokens' });
  });

  it('that the server refuses, or that finds no server, changes no answer', async () => {
    await accountAt('refused@local.example');
    const nobody = await forgot('nobody@local.example');
    const refused = await forgot('refused@local.example');
    await until(() => mails.refused.length > 0);
    await mails.stop();
    const without = await forgot('refused@local.example');
    expect([refused.status, refused.text]).toEqual([nobody.status, nobody.text]);
    expect([without.status, without.text]).toEqual([nobody.status, nobody.text]);
    expect((await api.anonymous.get('/auth/jwks.json')).status).toBe(200);
    await api.expectAudit(without, { action: 'CREATE', tableName: 'one_time_tokens' });
  });
});
