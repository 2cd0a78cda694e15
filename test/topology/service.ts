import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOpen } from '../support/ports';
import { childrenOf, commandOf, isAlive, signalAll } from '../support/processes';

/** What a program is started with. */
export interface Command {
  program: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Those that refuse root run as nobody. */
  asNobody?: boolean;
  /** How it is asked to stop. */
  signal?: 'TERM' | 'INT' | 'QUIT';
}

const nobody = 65_534;
const readyMs = 60_000;

/** Leaves its program's number in a file, and ends the program when its standard input closes, as it does when we are killed. */
const guard = `
signal=$1; file=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- & command=$!
echo $command > "$file"
(while read -r line <&3; do :; done
 kill -CONT $command; kill -$signal $command; sleep 5; kill -KILL $command) >/dev/null 2>&1 & watcher=$!
wait $command; status=$?
kill $watcher 2>/dev/null
exit $status`;

/** One program of the topology, in a folder of its own: started and stopped, killed, paused and resumed. */
export abstract class Service {
  private guardian?: ChildProcess;

  constructor(
    readonly name: string,
    readonly folder: string,
    readonly port: number,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  /** Of the program itself, not of what guards it. */
  get pid(): number {
    return existsSync(this.pidFile) ? Number(readFileSync(this.pidFile, 'utf8')) : 0;
  }

  get log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  get isRunning(): boolean {
    return this.guardian?.exitCode === null && this.guardian.signalCode === null;
  }

  async start(): Promise<void> {
    await this.endLeftover();
    const { program, args, env, asNobody, signal = 'TERM' } = this.command();
    const isRoot = process.getuid?.() === 0;
    if (asNobody && isRoot) handOver(this.folder);
    const log = openSync(this.logFile, 'a');
    const setpriv = asNobody && isRoot ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : [];
    const command = ['/bin/sh', '-c', guard, 'topology-guard', signal, this.pidFile, ...setpriv, program, ...args];
    const [shell, ...rest] = command as [string, ...string[]];
    this.guardian = spawn(shell, rest, {
      cwd: this.folder,
      detached: true,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    this.guardian.unref();
    await this.until(() => this.isReady());
  }

  async stop(): Promise<void> {
    if (!this.guardian || !this.isRunning) return;
    const gone = once(this.guardian, 'exit');
    this.guardian.stdin?.destroy();
    await gone;
    rmSync(this.pidFile, { force: true });
  }

  /** The program and what it started, at once, as a machine that loses its power. */
  async kill(): Promise<void> {
    signalAll(() => this.processes(), 'SIGKILL');
    if (this.guardian && this.isRunning) await once(this.guardian, 'exit');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** As a machine that hangs: connections stay open, and nothing answers. */
  pause(): void {
    signalAll(() => this.processes(), 'SIGSTOP');
  }

  resume(): void {
    signalAll(() => this.processes(), 'SIGCONT');
  }

  protected abstract command(): Command;

  protected isReady(): Promise<boolean> {
    return isOpen(this.port);
  }

  protected get logFile(): string {
    return join(this.folder, 'log');
  }

  private get pidFile(): string {
    return join(this.folder, 'pid');
  }

  private processes(): number[] {
    const [pid] = [this.pid].filter((one) => one > 0 && isAlive(one));
    return pid === undefined ? [] : [pid, ...childrenOf(pid).flatMap((child) => [child, ...childrenOf(child)])];
  }

  /** What a topology that was killed left running here. Its command or its folder tells that it is ours. */
  private async endLeftover(): Promise<void> {
    const isOurs = (pid: number) => isAlive(pid) && commandOf(pid).includes(this.folder);
    if (this.isRunning || !isOurs(this.pid)) return;
    const left = this.processes();
    signalAll(() => left, 'SIGKILL');
    await this.until(async () => left.every((pid) => !isAlive(pid)));
  }

  private async until(isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + readyMs;
    while (!(await isSo().catch(() => false))) {
      if (this.guardian && !this.isRunning) throw new Error(`${this.name} ended:\n${this.log.slice(-2_000)}`);
      if (Date.now() > deadline) throw new Error(`${this.name} does not get ready:\n${this.log.slice(-2_000)}`);
      await sleep(50);
    }
  }
}

/** Gives a folder and all in it to nobody, where we are root. */
export function handOver(path: string): void {
  if (process.getuid?.() !== 0) return;
  chownSync(path, nobody, nobody);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) handOver(inner);
    else chownSync(inner, nobody, nobody);
  }
}

export const runAsNobody = () => (process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {});
