import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, type QueryResultRow } from 'pg';
import { postgresPrograms } from '../support/debian-postgres';
import { handOver, runAsNobody, Service, type Command } from './service';

const run = promisify(execFile);

/** A PostgreSQL of the topology; its configuration is one of docker/postgres. */
export class Postgres extends Service {
  constructor(
    name: string,
    folder: string,
    port: number,
    private readonly role: 'primary' | 'replica',
    private readonly ownerUrl: string,
  ) {
    super(name, folder, port);
  }

  /** An empty cluster. Does nothing where there is one. */
  async initialize(): Promise<boolean> {
    if (existsSync(join(this.data, 'PG_VERSION'))) return false;
    this.makeFolders();
    await this.call(
      'initdb',
      '-D',
      this.data,
      '-U',
      'postgres',
      '--auth=peer',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    );
    return true;
  }

  /** A copy of the primary, which will follow it. Does nothing where there is one. */
  async copyOf(primary: Postgres, password: string): Promise<void> {
    if (existsSync(join(this.data, 'PG_VERSION'))) return;
    this.makeFolders();
    const url = `postgresql://ip2a_replication:${password}@127.0.0.1:${primary.port}`;
    const options = ['-X', 'stream', '-S', this.name, '--checkpoint=fast', '--no-sync'];
    await this.call('pg_basebackup', '-d', url, '-D', this.data, ...options);
    writeFileSync(join(this.data, 'standby.signal'), '');
    handOver(this.data);
  }

  /** Runs a file of SQL as the superuser, who comes by the socket only. */
  async runFile(file: string): Promise<void> {
    await this.call('psql', '-q', '-v', 'ON_ERROR_STOP=1', '-h', this.sockets, ...this.self, '-f', file, 'postgres');
  }

  async promote(): Promise<void> {
    await this.call('pg_ctl', 'promote', '-D', this.data);
    rmSync(join(this.data, 'standby.signal'), { force: true });
  }

  /** As the schema's owner, directly. */
  async query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]> {
    const url = new URL(this.ownerUrl);
    url.port = String(this.port);
    const client = new Client({ connectionString: url.href, connectionTimeoutMillis: 30_000 });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Settings that a running server takes at once. */
  async set(name: string, value: string): Promise<void> {
    const sql = [`ALTER SYSTEM SET ${name} = '${value}'`, 'SELECT pg_reload_conf()'].flatMap((line) => ['-c', line]);
    await this.call('psql', '-q', '-h', this.sockets, ...this.self, ...sql, 'postgres');
  }

  protected override command(): Command {
    const configuration = join(this.folder, 'config', `${this.role}.conf`);
    const args = ['-D', this.data, '-c', `config_file=${configuration}`];
    return { program: this.program('postgres'), args, asNobody: true, signal: 'INT' };
  }

  protected override async isReady(): Promise<boolean> {
    const args = ['-q', '-h', '127.0.0.1', '-p', String(this.port)];
    return run(this.program('pg_isready'), args).then(
      () => true,
      () => false,
    );
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private get sockets(): string {
    return join(this.folder, 'sockets');
  }

  private get self(): string[] {
    return ['-p', String(this.port), '-U', 'postgres'];
  }

  private makeFolders(): void {
    mkdirSync(this.data, { recursive: true, mode: 0o700 });
    mkdirSync(this.sockets, { recursive: true });
    handOver(this.folder);
  }

  private program(name: string): string {
    return join(postgresPrograms() ?? '', name);
  }

  private async call(program: string, ...args: string[]): Promise<void> {
    await run(this.program(program), args, { cwd: this.folder, ...runAsNobody() });
  }
}
