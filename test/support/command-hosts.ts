import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import { killAtExit } from './processes';

export interface Ended {
  /** The exit status, or null after a kill. */
  status: number | null;
  stdout: string;
  stderr: string;
}

const idle: ChildProcess[] = [];

/**
 * Runs a command of the compiled program in a process that may have run others before: most of a command's time is the
 * loading of its modules. A process that ended on the way is not used again.
 */
export async function runInHost(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const host = idle.pop() ?? startHost();
  const outputs = Promise.all([untilMark(host.stdout as Socket), untilMark(host.stderr as Socket)]);
  host.send({ args, env });
  const [stdout, stderr] = await outputs;
  if (stdout.status !== undefined) idle.push(host);
  else if (host.exitCode === null && host.signalCode === null) await once(host, 'exit');
  return { status: stdout.status ?? host.exitCode, stdout: stdout.text, stderr: stderr.text };
}

function startHost(): ChildProcess {
  const host = fork(resolve('test/support/command-host.mjs'), { execArgv: [], silent: true });
  killAtExit(host);
  host.stdin?.end();
  // The worker waits for a command by its promise, and for an idle host not at all.
  host.unref();
  host.channel?.unref();
  for (const pipe of [host.stdout, host.stderr]) (pipe as Socket).setEncoding('utf8').unref();
  return host;
}

/** Resolves with what is written until the host's mark, or until its end. */
async function untilMark(pipe: Socket): Promise<{ text: string; status?: number }> {
  return new Promise((resolve) => {
    let text = '';
    const read = (chunk: string) => {
      text += chunk;
      const [mark, status] = /\0(\d+)\0$/.exec(text) ?? [];
      if (mark) end({ text: text.slice(0, -mark.length), status: Number(status) });
    };
    const close = () => end({ text });
    const end = (result: { text: string; status?: number }) => {
      pipe.off('data', read).off('close', close);
      resolve(result);
    };
    pipe.on('data', read).once('close', close);
  });
}
