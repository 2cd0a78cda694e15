import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './load';
import { freePort, isOpen } from './ports';
import { killAtExit } from './processes';

/** Why clamd cannot be had here; undefined where it can. */
export const noClamd = spawnSync('clamd', ['--version']).status === 0 ? undefined : 'clamd is not installed';

/** The harmless file that scanners know (eicar.org), in halves, so that none finds it here. */
export const eicar = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''),
);

const readyMs = 20_000;

/** ClamAV's server. It knows the EICAR file by its hash, and its text anywhere in a file. */
export class Clamd {
  private constructor(
    private readonly folder: string,
    readonly port: number,
    private child: ChildProcess,
  ) {}

  static async start(settings: Record<string, string | number> = {}): Promise<Clamd> {
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-clamd-'));
    const port = await freePort();
    const database = join(folder, 'signatures');
    mkdirSync(database);
    writeFileSync(
      join(database, 'eicar.hdb'),
      `44d88612fea8a8f36de82e1278abb02f:${eicar.length}:Eicar-Test-Signature\n`,
    );
    writeFileSync(join(database, 'eicar.ndb'), `Eicar-Test-Text:0:*:${eicar.toString('hex')}\n`);
    const all = {
      Foreground: 'yes',
      DatabaseDirectory: database,
      TemporaryDirectory: folder,
      TCPAddr: '127.0.0.1',
      TCPSocket: port,
      LocalSocket: join(folder, 'clamd.ctl'),
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} ${value}\n`);
    writeFileSync(join(folder, 'clamd.conf'), lines.join(''));
    const clamd = new Clamd(folder, port, run(folder));
    await until(() => isOpen(port), readyMs);
    return clamd;
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  get socketUrl(): string {
    return `unix:${join(this.folder, 'clamd.ctl')}`;
  }

  /** Stops it where it is, as a machine that hangs would. Connections stay open. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** Whether bytes of somebody wait for it, as they do while it is paused. Linux only. */
  hasUnread(): boolean {
    const local = `:${this.port.toString(16).toUpperCase().padStart(4, '0')}`;
    return readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .some(([, from, , , queues]) => from?.endsWith(local) && Number.parseInt(queues?.split(':')[1] ?? '', 16) > 0);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** At the same address. */
  async startAgain(): Promise<void> {
    this.child = run(this.folder);
    await until(() => isOpen(this.port), readyMs);
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(folder: string): ChildProcess {
  const child = spawn('clamd', ['--config-file', join(folder, 'clamd.conf')], { stdio: 'ignore' });
  killAtExit(child);
  return child;
}
