import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { until } from './load';
import { killAtExit } from './processes';
import { freePort, isOpen } from './ports';

/** Why Redis can not be had here; undefined where it can. */
export const noRedis =
  spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'redis-server is not installed';

const readyMs = 10_000;

/** A real Redis server of one test file, which may be paused, killed and started again on the same port. */
export class OwnRedis {
  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private child: ChildProcess,
  ) {}

  static async start(): Promise<OwnRedis> {
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-redis-'));
    const port = await freePort();
    const redis = new OwnRedis(folder, port, launch(folder, port));
    await redis.listening();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Stops it where it is, as a machine that hangs would; connections stay open. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }

  /** Empty, as it kept nothing on a disk. */
  async startAgain(): Promise<void> {
    this.child = launch(this.folder, this.port);
    await this.listening();
  }

  /** The answer to one command, over a connection of its own. */
  async command(...words: string[]): Promise<unknown> {
    const client = await createClient({ url: this.url, RESP: 2 }).connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private listening(): Promise<void> {
    return until(() => isOpen(this.port), readyMs);
  }
}

function launch(folder: string, port: number): ChildProcess {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn('redis-server', settings, { stdio: 'ignore' });
  // Where other tests keep every processor busy it would be silent for longer than limits wait. Only root may ask for it.
  if (process.getuid?.() === 0 && child.pid) setPriority(child.pid, constants.priority.PRIORITY_HIGHEST);
  killAtExit(child);
  return child;
}
