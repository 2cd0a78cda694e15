import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Stack } from './stack';

const programs = ['podman', 'debootstrap', 'openssl'];
const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0);
const canRun = missing.length === 0 && process.getuid?.() === 0;

/** What makes configuration, migrates, or makes event triggers, and ends. */
const jobs = ['config', 'migrate', 'watch'];
const stack = new Stack();
const serving = stack.services.filter((name) => !jobs.includes(name));

const describeRun = canRun ? describe : describe.skip;
describeRun(`compose.yaml${canRun ? '' : ` (takes root and ${programs.join(', ')})`}`, () => {
  beforeAll(async () => {
    stack.build();
    await stack.up();
  }, 3_600_000);
  afterAll(() => stack.down(), 120_000);

  it.each(jobs)('%s has done its work', (name) => {
    expect(stack.inspect(name, '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 0');
  });

  it.each(serving)('%s runs without a capability or a way to one, as nobody special, and cannot write', (name) => {
    const { output } = stack.exec(name, 'cat', '/proc/1/status');
    expect(output).toMatch(/^CapEff:\t0+$/m);
    expect(output).toMatch(/^CapBnd:\t0+$/m);
    expect(output).toMatch(/^NoNewPrivs:\t1$/m);
    expect(output).toMatch(/^Uid:\t(?!0\b)\d+/m);
    expect(stack.exec(name, 'sh', '-c', 'echo x >/etc/written').output).toMatch(/Read-only file system/);
  });

  it.each(serving)('%s knows no password of others', (name) => {
    const secret = (file: string) => readFileSync(join(stack.folder, 'docker/secrets', file), 'utf8');
    const owner = secret('owner_password');
    const seen = stack.exec(name, 'sh', '-c', 'env; cat /config/*/* 2>/dev/null').output;
    // It makes the role.
    if (name !== 'primary') expect(seen).not.toContain(owner);
    if (name !== 'primary') expect(seen).not.toContain(secret('superuser_password'));
    if (name !== 'api') expect(seen).not.toContain(secret('jwt.pem'));
    expect(stack.exec(name, 'sh', '-c', 'ls /run/secrets 2>/dev/null').output).toBe('');
  });

  it('keeps the keys from everybody but the program', () => {
    const { output } = stack.exec('api', 'sh', '-c', 'stat -c "%a %U %n" /config/api/*');
    expect(output.trim().split('\n')).toEqual([
      '600 node /config/api/jwt.pem',
      '600 node /config/api/ledger.pem',
      '600 node /config/api/secrets.key',
    ]);
  });

  it('puts changes of objects on record', () => {
    const sql = 'SELECT evtname FROM pg_event_trigger ORDER BY 1';
    const { output } = stack.exec('primary', 'psql', '-U', 'postgres', '-Atc', sql, 'ip2a');
    expect(output.trim().split('\n')).toEqual(['ip2a_ddl_command_end', 'ip2a_sql_drop']);
  });

  it('serves the office over TLS', async () => {
    const password = /^ADMIN_PASSWORD=(.+)$/m.exec(
      readFileSync(join(stack.folder, 'docker/secrets/api.env'), 'utf8'),
    )?.[1];
    expect(await ask('GET', '/health/ready')).toMatchObject({ status: 200 });
    const login = await ask('POST', '/api/v1/auth/login', { email: 'admin@local.example', password });
    expect(login).toMatchObject({ status: 200 });
    expect(login.certificate).toBe('localhost');
  });
});

async function ask(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status?: number; body: string; certificate?: string }> {
  return new Promise((resolve, reject) => {
    const options = { method, rejectUnauthorized: false, headers: { 'content-type': 'application/json' } };
    const outgoing = request(`https://127.0.0.1:8443${path}`, options, (reply) => {
      const { socket } = reply as unknown as { socket: import('node:tls').TLSSocket };
      const certificate = String(socket.getPeerCertificate().subject.CN);
      void text(reply).then((answer) => resolve({ status: reply.statusCode, body: answer, certificate }));
    });
    outgoing.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}
