import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

/** Of a running server's data what the copy must not have. */
const notCopied = ['postmaster.pid', 'postmaster.opts', 'pg_replslot'];

/**
 * Copies a running server with its passwords to another folder, as pg_basebackup would, which the embedded PostgreSQL comes without.
 * Answers the settings with which the copy follows the server, for which it keeps its log from here on.
 */
export async function copyAsStandby(
  primary: { superuserUrl: string },
  from: string,
  to: string,
  slot: string,
): Promise<Record<string, string>> {
  const { hostname, port, username, password } = new URL(primary.superuserUrl);
  const [source, target] = [join(from, 'data'), join(to, 'data')];
  // A copy is made in one session from its beginning to its end.
  const client = new Client({ connectionString: primary.superuserUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_create_physical_replication_slot($1, true)', [slot]);
    await client.query(`SELECT pg_backup_start('standby', true)`);
    // What the server removes meanwhile is missed by the copy and told by its status, and is not needed.
    spawnSync('cp', ['-a', source, target]);
    for (const name of notCopied) rmSync(join(target, name), { recursive: true, force: true });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(join(target, 'backup_label'), rows[0]?.labelfile ?? '');
  } finally {
    await client.end();
  }
  writeFileSync(join(target, 'standby.signal'), '');
  mkdirSync(join(target, 'pg_replslot'), { mode: 0o700 });
  cpSync(join(from, 'credentials.json'), join(to, 'credentials.json'));
  const { uid, gid } = statSync(source);
  for (const name of ['backup_label', 'standby.signal', 'pg_replslot']) chownSync(join(target, name), uid, gid);
  return {
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
    primary_slot_name: slot,
  };
}
