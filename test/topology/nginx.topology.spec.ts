import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Nginx } from './programs';
import { freePort } from '../support/ports';
import { missingPrograms } from './topology';

const missing = missingPrograms();
const describeNginx = missing.includes('nginx') ? describe.skip : describe;

describeNginx('nginx before a worker that dies with the request', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-nginx-'));
  let received = 0;
  let worker: Server;
  let nginx: Nginx;

  beforeAll(async () => {
    worker = createServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        received += 1;
        socket.destroy();
      });
    });
    await new Promise<void>((listening) => worker.listen(0, '127.0.0.1', listening));
    const port = await freePort();
    nginx = new Nginx('nginx', join(folder, 'nginx'), port);
    const values = {
      API_ADDRESS: `127.0.0.1:${(worker.address() as AddressInfo).port}`,
      NGINX_LISTEN: `127.0.0.1:${port}`,
      NGINX_FOLDER: join(folder, 'nginx', 'run'),
    };
    const docker = resolve(__dirname, '../../docker');
    const args = [join(docker, 'render.mjs'), join(docker, 'nginx'), join(folder, 'nginx', 'config')];
    execFileSync(process.execPath, args, { env: values });
    await nginx.start();
  });
  afterAll(async () => {
    await nginx.stop();
    worker.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['GET', 2],
    ['DELETE', 1],
    ['PUT', 1],
    ['PATCH', 1],
    ['POST', 1],
  ])('sends a %s so many times: %i', async (method, times) => {
    received = 0;
    const body = method === 'GET' || method === 'DELETE' ? undefined : '{}';
    const answer = await fetch(`http://127.0.0.1:${nginx.port}/api/v1/members/1`, { method, body });
    expect([answer.status, answer.headers.get('content-type'), received]).toEqual([
      503,
      'application/problem+json',
      times,
    ]);
  });

  /** The lines of the answer's head. */
  async function headOf(bytes: string): Promise<string[]> {
    const socket = connect(nginx.port, '127.0.0.1').setEncoding('utf8');
    socket.write(bytes);
    let answer = '';
    for await (const text of socket) {
      answer += String(text);
      if (answer.includes('\r\n\r\n')) break;
    }
    return answer.split('\r\n\r\n', 1).flatMap((head) => head.split('\r\n'));
  }

  it.each([
    ['what is not there', 404, 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['a line that is no request', 400, 'nonsense\r\n\r\n'],
    [
      'a body that is too large',
      413,
      'POST /api/v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9999999\r\n\r\n',
    ],
    ['a worker that is gone', 503, 'GET /api/v1/members/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ])('answers with security headers by itself: %s', async (_what, status, bytes) => {
    const [first, ...headers] = await headOf(bytes);
    expect(first).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(headers).toEqual(
      expect.arrayContaining([
        'Cache-Control: no-store',
        expect.stringContaining(`frame-ancestors 'none'`),
        'Referrer-Policy: no-referrer',
        'X-Content-Type-Options: nosniff',
        'X-Frame-Options: DENY',
      ]),
    );
    expect(headers.filter((header) => header.startsWith('Strict-Transport-Security'))).toEqual([]);
  });
});
