import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { type RunAs, environment } from './run-as';

/**
 * Runs its arguments and ends them with the given signal when its standard input closes, which the kernel sees to
 * however this process ends. It repeats the signal, because a shell starts background commands with SIGINT ignored and
 * the first one may come before the server has installed its handler.
 */
const script = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & command=$!
(while read -r line <&3; do :; done; while kill -s "$signal" "$command"; do sleep 1; done) >/dev/null 2>&1 & watcher=$!
wait "$command"; status=$?
kill "$watcher" 2>/dev/null
exit "$status"`;

export interface GuardedCommand {
  /** Resolves with the exit status when the guardian has ended, and with it the command. */
  readonly ended: Promise<number | null>;
  hasEnded(): boolean;
  /** From here on the command does not keep our own process alive. */
  unref(): void;
  /** Has the guardian end the command, and keeps us alive until it has. */
  release(): void;
}

export interface GuardedCommandOptions {
  readonly runAs: RunAs;
  readonly folder: string;
  /** Open for writing; receives everything that the command prints. */
  readonly logFile: number;
  readonly signal: 'INT' | 'TERM';
}

/** The command and its guardian live in a session of their own, so that Ctrl-C on our terminal does not reach them. */
export function runGuarded(command: readonly string[], options: GuardedCommandOptions): GuardedCommand {
  const { runAs, folder, logFile, signal } = options;
  const guardian = spawn('/bin/sh', ['-c', script, 'ip2a-guardian', signal, ...runAs.prefix, ...command], {
    cwd: folder,
    detached: true,
    env: environment,
    stdio: ['pipe', logFile, logFile],
    ...(runAs.uid !== undefined && { uid: runAs.uid, gid: runAs.gid }),
  });
  let isOver = false;
  const ended = new Promise<number | null>((resolve) => {
    guardian.once('error', () => resolve(null));
    guardian.once('exit', resolve);
  }).finally(() => (isOver = true));
  // Writing nothing, the pipe can still report that the guardian was killed.
  guardian.stdin?.on('error', () => undefined);
  return {
    ended,
    hasEnded: () => isOver,
    unref: () => {
      guardian.unref();
      if (guardian.stdin instanceof Socket) guardian.stdin.unref();
    },
    release: () => {
      guardian.ref();
      guardian.stdin?.destroy();
    },
  };
}
