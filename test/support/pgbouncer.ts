import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './load';
import { freePort, isOpen } from './ports';
import { killAtExit } from './processes';

/** Why PgBouncer can not be had here; undefined where it can. */
export const noPgBouncer =
  spawnSync('pgbouncer', ['--version']).status === 0 ? undefined : 'pgbouncer is not installed';

const readyMs = 10_000;

/** PgBouncer in transaction mode before a database. Answers the URL to use instead, and what stops it. */
export async function startPgBouncer(url: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-pgbouncer-'));
  const ownPort = await freePort();
  const database = pathname.slice(1);
  writeFileSync(join(folder, 'users.txt'), `"${username}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${database} = host=${hostname} port=${port} dbname=${database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = 10
ignore_startup_parameters = extra_float_digits
`,
  );
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (account.uid)
    for (const path of [folder, join(folder, 'users.txt'), join(folder, 'pgbouncer.ini')])
      chownSync(path, account.uid, account.gid);
  const child = spawn('pgbouncer', ['--quiet', join(folder, 'pgbouncer.ini')], { stdio: 'ignore', ...account });
  killAtExit(child);
  await until(() => isOpen(ownPort), readyMs);
  const through = new URL(url);
  through.port = String(ownPort);
  return {
    url: through.href,
    stop: async () => {
      child.kill('SIGKILL');
      await new Promise((resolve) =>
        child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(null),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
