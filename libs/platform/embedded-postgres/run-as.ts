import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { EmbeddedPostgresError } from './embedded-postgres.error';

/** A way of running PostgreSQL's programs, which refuse to run as root. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  /** What to put in front of the command. */
  readonly prefix: readonly string[];
  /** Who owns the files it works on, as this process sees them. */
  readonly fileOwner: Account;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Enough for PostgreSQL's own look-ups; the caller's PG* variables must not reach the server. */
export const environment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Tried in this order until one can reach both the folder and the program. It never creates a user, and it gives away
 * nothing but `dataFolder`. Refuses when none works, or when the data belong to somebody else.
 */
export function chooseRunAs(folder: string, dataFolder: string, program: string): RunAs {
  const owner = ownerOf(dataFolder);
  const candidates = process.getuid?.() === 0 ? asRoot(folder, owner) : [asOurselves(owner, dataFolder)];
  let refusal = '';
  for (const candidate of candidates) {
    const probe = spawnSync(
      candidate.prefix[0] ?? '/bin/sh',
      [...candidate.prefix, '/bin/sh', '-c', 'cd "$1" && exec "$2" --version', 'sh', folder, program].slice(1),
      { cwd: '/', env: environment, uid: candidate.uid, gid: candidate.gid, encoding: 'utf8' },
    );
    if (probe.status === 0) {
      handOver(dataFolder, owner, candidate.fileOwner);
      return candidate;
    }
    refusal ||= (probe.error?.message ?? probe.stderr).trim().split('\n').pop() ?? '';
  }
  throw new EmbeddedPostgresError(
    `cannot run ${program} in ${folder} (${refusal}): set DATA_DIR to a folder that every user can reach, ` +
      'start IP2A as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own',
  );
}

function asOurselves(owner: Account | undefined, dataFolder: string): RunAs {
  const ourselves = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (owner !== undefined && owner.uid !== ourselves.uid) {
    throw new EmbeddedPostgresError(
      `${dataFolder} belongs to another user (uid ${owner.uid}): start IP2A as that user or as root, or set DATA_DIR`,
    );
  }
  return { prefix: [], fileOwner: ourselves };
}

function asRoot(folder: string, owner: Account | undefined): RunAs[] {
  letOthersPass(folder);
  const account = owner !== undefined && owner.uid !== 0 ? owner : unprivilegedAccount();
  const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  return [
    { ...account, prefix: [], fileOwner: account },
    // Below a closed folder such as /root: the account may pass through it, also in containers without namespaces.
    // Without the secure bit, access(2) would ignore the capability.
    {
      prefix: [
        ...['setpriv', ...ids, '--securebits=+no_setuid_fixup'],
        ...['--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override', '--'],
      ],
      fileOwner: account,
    },
    // Where not even root may change its user: root under another number.
    {
      prefix: ['unshare', '--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`, '--'],
      fileOwner: { uid: 0, gid: 0 },
    },
  ];
}

/** The server only has to pass through this folder; what is secret in it is protected file by file. */
function letOthersPass(folder: string): void {
  try {
    chmodSync(folder, statSync(folder).mode | 0o011);
  } catch {
    // On a file system that does not let root do this, the probe tells whether the folder can be reached.
  }
}

function unprivilegedAccount(): Account {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65534, gid: 65534 };
}

function ownerOf(path: string): Account | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && { uid: stat.uid, gid: stat.gid };
}

/** The project may have moved since the last start, so that the data need another owner than before. */
function handOver(dataFolder: string, from: Account | undefined, to: Account): void {
  if (from === undefined || from.uid === to.uid) return;
  execFileSync('chown', ['-R', `${to.uid}:${to.gid}`, dataFolder]);
}
