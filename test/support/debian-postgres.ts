import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { until } from './load';
import { freePort } from './ports';
import { killAtExit } from './processes';

const nobody = 65_534;
const readyMs = 30_000;

/** Debian keeps the programs of each version apart from the PATH. The oldest that the service takes. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const oldest = versions.filter((version) => Number(version) >= 15).sort((a, b) => Number(a) - Number(b))[0];
  return oldest && `/usr/lib/postgresql/${oldest}/bin`;
}

/** Why Debian's server can not be had here; undefined where it can. */
export const noDebianPostgres = postgresPrograms() ? undefined : "Debian's PostgreSQL is not installed";

/** An empty server of the operator's own, with the schema's owner and the application's role. */
export class DebianPostgres {
  private constructor(
    private readonly port: number,
    readonly stop: () => Promise<void>,
  ) {}

  /** `options` are those of initdb, as `--locale=C`. */
  static async start(...options: string[]): Promise<DebianPostgres> {
    const programs = postgresPrograms() ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-debian-'));
    const data = join(folder, 'data');
    const port = await freePort();
    // It refuses to run as root.
    const account = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
    if (account.uid) chownSync(folder, account.uid, account.gid);
    const initdb = ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', ...options];
    execFileSync(join(programs, 'initdb'), initdb, { cwd: folder, stdio: 'ignore', ...account });
    const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=`];
    const child = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      { cwd: folder, stdio: 'ignore', ...account },
    );
    killAtExit(child);
    const server = new DebianPostgres(port, async () => {
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    });
    await until(() => server.isReady(), readyMs);
    for (const role of ['ip2a_owner', 'ip2a_app']) await server.query('postgres', `CREATE ROLE ${role} LOGIN`);
    return server;
  }

  /** Makes an empty database; `options` are those of CREATE DATABASE. */
  async createDatabase(name: string, options = ''): Promise<{ ownerUrl: string; applicationUrl: string }> {
    await this.query('postgres', `CREATE DATABASE ${name} OWNER ip2a_owner TEMPLATE template0 ${options}`);
    return { ownerUrl: this.urlOf('ip2a_owner', name), applicationUrl: this.urlOf('ip2a_app', name) };
  }

  /** As the superuser, who owns nothing of the schema. */
  async query<Row extends QueryResultRow>(database: string, sql: string, values?: unknown[]): Promise<Row[]> {
    const client = new Client({ connectionString: this.urlOf('postgres', database) });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  private urlOf(role: string, database: string): string {
    return `postgresql://${role}@127.0.0.1:${this.port}/${database}`;
  }

  private isReady(): Promise<boolean> {
    return this.query('postgres', 'SELECT').then(
      () => true,
      () => false,
    );
  }
}
