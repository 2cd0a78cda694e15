import { once } from 'node:events';
import { BlockList, connect, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { spawnApi, startApi, type Client, type LocalApi, type Program } from '../../../test/support/harness';
import { until } from '../../../test/support/load';

/** SLOW_CLIENT_SECONDS of these tests. */
const patienceSeconds = 1;

/** A connection on which bytes are written by hand, and what came back of it. */
class Wire {
  text = '';
  readonly begunAt = performance.now();
  readonly closed: Promise<number>;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    socket.on('error', () => {});
    this.closed = once(socket, 'close').then(() => performance.now() - this.begunAt);
  }

  static async to(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** A byte now and then, until the other side has had enough. */
  async drip(bytes: string, everyMs: number): Promise<void> {
    for (const byte of bytes) {
      if (this.socket.destroyed) return;
      this.socket.write(byte);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}

describe('a slow client', () => {
  let api: LocalApi;
  let staff: Client;
  beforeAll(async () => {
    api = await startApi({ config: { SLOW_CLIENT_SECONDS: patienceSeconds } });
    staff = await api.as('staff');
  });
  afterAll(() => api.close());

  const head = (method: string, path: string, ...lines: string[]) =>
    [`${method} ${path} HTTP/1.1`, 'Host: local.example', ...lines, '', ''].join('\r\n');

  it('that drips its headers is answered 408 and let go, others being served meanwhile', async () => {
    const wire = await Wire.to(api.url);
    const dripping = wire.drip(head('GET', '/api/v1/members', `X-Slow: ${'x'.repeat(500)}`), 20);
    while (!wire.socket.destroyed) expect((await staff.get('/members?limit=1')).status).toBe(200);
    expect(await wire.closed).toBeLessThan(5_000);
    expect(wire.text).toMatch(/^HTTP\/1\.1 408 /);
    await dripping;
  });

  it('that says nothing at all is let go, too', async () => {
    expect(await (await Wire.to(api.url)).closed).toBeLessThan(5_000);
  });

  it('that drips a body is answered 408 as a problem, and its connection closed', async () => {
    const wire = await Wire.to(api.url);
    const authorization = `Authorization: Bearer ${staff.session.accessToken}`;
    wire.socket.write(
      head('POST', '/api/v1/members', authorization, 'Content-Type: application/json', 'Content-Length: 400'),
    );
    const dripping = wire.drip(`{"firstName":"${'x'.repeat(380)}"`, 20);
    expect(await wire.closed).toBeLessThan(5_000);
    expect(wire.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(wire.text).toContain('/docs/errors#request.timed-out');
    await dripping;
  });

  it('that sends its body in time is served, however it is cut', async () => {
    const wire = await Wire.to(api.url);
    const body = JSON.stringify({ email: 'nobody@local.example', password: 'wrong' });
    const lines = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
    wire.socket.write(head('POST', '/api/v1/auth/login', ...lines));
    await wire.drip(body, 5);
    await wire.closed;
    expect(wire.text).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('may send accounts no more than they need, announced or not', async () => {
    const password = 'x'.repeat(20_000);
    const announced = await api.anonymous.post('/auth/login', { email: 'a@local.example', password });
    const wire = await Wire.to(api.url);
    wire.socket.write(
      head('POST', '/api/v1/auth/login', 'Content-Type: application/json', 'Transfer-Encoding: chunked') +
        `${(20_000).toString(16)}\r\n${'x'.repeat(20_000)}\r\n`,
    );
    await wire.closed;
    expect([announced.status, wire.text.slice(0, 12)]).toEqual([413, 'HTTP/1.1 413']);
  });
});

describe('clients whose bodies come slowly', () => {
  let api: LocalApi;
  beforeAll(async () => {
    const TRUSTED_PROXIES = new BlockList();
    TRUSTED_PROXIES.addAddress('127.0.0.1');
    api = await startApi({ config: { TRUSTED_PROXIES } });
  });
  afterAll(() => api.close());

  const login = JSON.stringify({ email: 'nobody@local.example', password: 'wrong password' });

  /** Begins as many requests, each by the header lines of its own, and sends one byte of each body. */
  async function begin(count: number, path: string, type: string, linesOf: (index: number) => string): Promise<Wire[]> {
    const wires = await Promise.all(Array.from({ length: count }, () => Wire.to(api.url)));
    wires.forEach(({ socket }, index) =>
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: a\r\n${linesOf(index)}\r\nContent-Type: ${type}\r\nContent-Length: 400\r\n\r\n{`,
      ),
    );
    return wires;
  }

  const open = (wires: Wire[]) => wires.filter(({ socket }) => !socket.destroyed);

  it.each([
    ['/api/v1/members', 'application/json'],
    ['/api/v1/members/import', 'text/csv'],
    ['/api/v1/attachments', 'multipart/form-data; boundary=x'],
  ])('have a small pool of their own, and one person a share of it (%s)', async (path, type) => {
    const [slow, other] = [await api.somebody(['staff']), await api.as('staff')];
    const wires = await begin(520, path, type, () => `Authorization: Bearer ${slow.session.accessToken}`);
    const statuses: number[] = [];
    await until(async () => {
      statuses.push((await other.get('/members?limit=1')).status);
      return open(wires).length <= 16;
    });
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(open(wires)).toHaveLength(16);
    const refused = wires.filter(({ socket }) => socket.destroyed).map(({ text }) => text.slice(0, 12));
    expect(new Set(refused)).toEqual(new Set(['HTTP/1.1 503']));
    // They wait for nothing but their client, so their person is served all the same.
    expect((await slow.get('/members?limit=1')).status).toBe(200);
    for (const { socket } of wires) socket.destroy();
  });

  it('do not keep others out from many networks without a token, nor those who have one', async () => {
    const staff = await api.as('staff');
    const wires = await begin(
      29 * 20,
      '/api/v1/auth/login',
      'application/json',
      (index) => `X-Forwarded-For: 198.51.100.${index % 29}`,
    );
    const statuses: number[] = [];
    await until(async () => {
      statuses.push((await staff.get('/members?limit=1')).status);
      return open(wires).length <= 64;
    });
    const stranger = { 'X-Forwarded-For': '203.0.113.9' };
    const reply = await api.anonymous.post('/auth/login', JSON.parse(login), stranger);
    expect([new Set(statuses), reply.status]).toEqual([new Set([200]), 401]);
    // A slow one with a token still finds a slot.
    const [wire] = await begin(1, '/api/v1/members', 'application/json', () => {
      return `Authorization: Bearer ${staff.session.accessToken}`;
    });
    await until(() => performance.now() - (wire as Wire).begunAt > 1_500);
    expect((wire as Wire).socket.destroyed).toBe(false);
    for (const { socket } of [...wires, wire as Wire]) socket.destroy();
  });

  it('are served, however long that took, within the time of their own', async () => {
    const wire = await Wire.to(api.url);
    const lines = ['Content-Type: application/json', `Content-Length: ${login.length}`, 'Connection: close'];
    wire.socket.write(`POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n`);
    await wire.drip(login, 40);
    expect(await wire.closed).toBeGreaterThan(2_000);
    expect(wire.text).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('of many clients', () => {
  let database: TestDatabase;
  let api: Program;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query(
      `INSERT INTO members (member_number, first_name, last_name, classification, notes)
       SELECT 'S' || n, 'Rosa', 'Delgado', 'journeyman', repeat('n', 400) FROM generate_series(1, 30000) n`,
    );
    api = await spawnApi(database, { SLOW_CLIENT_SECONDS: String(patienceSeconds), DATABASE_POOL_SIZE: '5' });
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  it('those who do not read an export hold neither connections of the database nor memory, and are let go', async () => {
    const staff = await api.as('staff');
    const { accessToken } = staff.session;
    const before = api.residentMiB;
    const readers = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const wire = await Wire.to(api.url);
        wire.socket.write(
          `GET /api/v1/members/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${accessToken}\r\n\r\n`,
        );
        await once(wire.socket, 'data');
        wire.socket.pause();
        return wire;
      }),
    );
    // Twelve who wait, five connections: the others are served all the same.
    await until(async () => (await staff.get('/members?limit=5')).status === 200, 5_000);
    expect(api.residentMiB - before).toBeLessThan(250);
    const inFlight = async () =>
      Number(/^ip2a_http_requests_in_flight (\d+)$/m.exec((await api.anonymous.get('/../../metrics')).text)?.[1]);
    await until(async () => (await inFlight()) === 1, 20_000);
    for (const { socket } of readers) socket.destroy();
  });

  it('two thousand are connected and idle while others are served', async () => {
    const staff = await api.as('staff');
    const idle: Wire[] = [];
    for (let made = 0; made < 2_000; made += 100) {
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => Wire.to(api.url)))));
      for (const { socket } of idle.slice(-100)) socket.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    }
    await until(() => idle.every(({ text }) => text.startsWith('HTTP/1.1 200')));
    const { text } = await api.anonymous.get('/../../metrics');
    expect(Number(/^ip2a_http_connections (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(2_000);
    for (let time = 0; time < 20; time += 1) expect((await staff.get('/members?limit=1')).status).toBe(200);
    // Longer than headers may take: between requests nobody is hurried.
    await until(() => performance.now() - (idle[0] as Wire).begunAt > 4_000 * patienceSeconds);
    expect(idle.filter(({ socket }) => socket.destroyed)).toEqual([]);
    for (const { socket } of idle) socket.destroy();
  });
});
