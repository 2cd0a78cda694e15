import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { migrate } from '#platform/database';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#platform/embedded-postgres';
import { once, type TestDatabase } from './database';
import { childrenOf, commandOf, signalAll, signalOne } from './processes';
import { copyAsStandby } from './replica';
import { ofTestServer } from './test-server';

/** A number of our own for the advisory lock that lets one worker make the template. */
const templateLock = 4_927_098;
const cheap = { fsync: 'off', shared_buffers: '64MB' };

/** A PostgreSQL of one test file, which may be paused, stopped and crashed without harm to the others. */
export class OwnServer implements TestDatabase {
  private readonly sockets = new Set<Socket>();
  private successor?: OwnServer;
  private constructor(
    private readonly folder: string,
    private server: EmbeddedPostgres,
    private readonly door: Server,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  static async start(): Promise<OwnServer> {
    const template = join(ofTestServer('folder'), 'own');
    await once(templateLock, () => makeTemplate(template));
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-own-'));
    // Its data belongs to another user of the machine.
    execFileSync('cp', ['-a', `${template}/.`, folder]);
    const server = await startEmbeddedPostgres({ folder, mode: 'own', settings: cheap });
    return OwnServer.behindADoor(folder, server, cheap);
  }

  /** A replica of another server, which applies what it receives after `delayMs`. */
  static async following(primary: OwnServer, delayMs = 0): Promise<OwnServer> {
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-replica-'));
    const followed = await copyAsStandby(
      primary,
      primary.folder,
      folder,
      basename(folder).replaceAll(/\W/g, '_').toLowerCase(),
    );
    const settings = { ...cheap, ...followed, recovery_min_apply_delay: String(delayMs) };
    const server = await startEmbeddedPostgres({ folder, mode: 'own', settings });
    return OwnServer.behindADoor(folder, server, settings);
  }

  private static async behindADoor(
    folder: string,
    server: EmbeddedPostgres,
    settings: Readonly<Record<string, string>>,
  ): Promise<OwnServer> {
    const door = createServer((socket) => own.pass(socket));
    const own: OwnServer = new OwnServer(folder, server, door, settings);
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    return own;
  }

  /** Another database like the server's own, of one test. */
  async clone(name: string): Promise<TestDatabase> {
    const superuser = new Client({ connectionString: this.superuserUrl.replace(/\/ip2a$/, '/postgres') });
    await superuser.connect();
    await superuser.query(`CREATE DATABASE ${name} TEMPLATE ip2a OWNER ip2a_owner`).finally(() => superuser.end());
    const inClone = (url: string) => url.replace(/\/ip2a$/, `/${name}`);
    const ownerUrl = inClone(this.ownerUrl);
    return {
      superuserUrl: inClone(this.superuserUrl),
      ownerUrl,
      applicationUrl: inClone(this.applicationUrl),
      query: (sql, values) => queryOnce(ownerUrl, sql, values),
      drop: () => Promise.resolve(),
    };
  }

  get superuserUrl(): string {
    const url = new URL(this.behindTheDoor(this.server.superuserUrl));
    url.pathname = '/ip2a';
    return url.href;
  }

  get ownerUrl(): string {
    return this.behindTheDoor(this.server.ownerUrl);
  }

  get applicationUrl(): string {
    return this.behindTheDoor(this.server.applicationUrl);
  }

  async query<Row extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]> {
    return queryOnce((this.successor ?? this).server.ownerUrl, sql, values);
  }

  /** Stops every process of the server where it is, as a machine that hangs would; connections stay open. */
  pause(): void {
    signalAll(() => this.processes(), 'SIGSTOP');
  }

  resume(): void {
    signalAll(() => this.processes(), 'SIGCONT');
  }

  /** Kills a process that serves a connection, the first there is; PostgreSQL then throws everybody out and recovers. */
  async crash(): Promise<void> {
    for (let waited = 0; waited < 10_000; waited += 10) {
      const backend = this.processes().find((pid) => commandOf(pid).includes('ip2a_app'));
      if (backend !== undefined && signalOne(backend, 'SIGKILL')) return;
      // Whoever was thrown out before is not connected again yet.
      await setTimeout(10);
    }
    throw new Error('Nobody has connected as the application for ten seconds.');
  }

  /** Ends every process of the server at once, as a power cut would. */
  async kill(): Promise<void> {
    signalAll(() => this.processes(), 'SIGKILL');
    for (const socket of this.sockets) socket.destroy();
    await this.server.stop();
  }

  /** Makes a replica a primary. */
  async promote(): Promise<void> {
    await queryOnce(this.superuserUrl, 'SELECT pg_promote(true)');
  }

  /** From here on its address is that of another server. */
  moveTo(other: OwnServer): void {
    this.successor = other;
    for (const socket of this.sockets) socket.destroy();
  }

  async shutDown(): Promise<void> {
    await this.server.stop();
  }

  async startAgain(): Promise<void> {
    this.server = await startEmbeddedPostgres({ folder: this.folder, mode: 'own', settings: this.settings });
  }

  async drop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.door.close();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** The embedded server gets another port at each start; the door in front of it keeps its own. */
  private pass(socket: Socket): void {
    const { server } = this.successor ?? this;
    const inner = connect(Number(new URL(server.ownerUrl).port), '127.0.0.1');
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      this.sockets.add(one);
      one.setNoDelay();
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  private behindTheDoor(url: string): string {
    const behind = new URL(url);
    behind.port = String((this.door.address() as AddressInfo).port);
    return behind.href;
  }

  private processes(): number[] {
    const postmaster = Number(readFileSync(join(this.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
    return [postmaster, ...childrenOf(postmaster)];
  }
}

/** A stopped server with the schema of the migrations and nothing in it. */
async function makeTemplate(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true });
  const server = await startEmbeddedPostgres({ folder: half, mode: 'own', settings: cheap });
  await migrate({ ownerUrl: server.ownerUrl, applicationUrl: server.applicationUrl });
  await server.stop();
  renameSync(half, folder);
}

async function queryOnce<Row extends Record<string, unknown>>(
  url: string,
  sql: string,
  values?: unknown[],
): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
