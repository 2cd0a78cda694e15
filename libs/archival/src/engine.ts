import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { EngineJob, EngineReply, EngineSettings } from './engine-program';

const program = join(packageFolder(), 'dist', 'libs', 'archival', 'src', 'engine-program.js');
/** What the engine may keep in memory for one statement, in MB, before it writes to its folder instead. */
const memoryMb = 512;
const maxThreads = 4;

/** The engine did not do what it was asked to. */
export class EngineError extends Error {}

/** It had ended before it was asked. Another engine can be. */
export class EngineEnded extends EngineError {}

/**
 * DuckDB in a process of its own; what goes wrong there ends that process only. One statement at a
 * time. A statement that fails ends no other.
 */
export class Engine {
  private queue: Promise<unknown> = Promise.resolve();
  private stderr = '';

  private constructor(private readonly child: ChildProcess) {
    child.stderr?.on('data', (data: Buffer) => (this.stderr = (this.stderr + data.toString()).slice(-2_000)));
  }

  /** Starts one that reaches these folders and nothing else; in the first it may spill. */
  static async start(folders: string[], { memory = memoryMb } = {}): Promise<Engine> {
    const child = fork(program, [], {
      // Nothing of ours: no secret is in its environment.
      env: {},
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    const engine = new Engine(child);
    const settings: EngineSettings = {
      folders,
      memoryMb: memory,
      threads: Math.min(maxThreads, availableParallelism()),
    };
    await engine.send(settings);
    return engine;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Throws EngineError. A statement that takes longer than `patienceMs` ends the engine. */
  async rows<Row>(sql: string, values?: EngineJob['values'], patienceMs?: number): Promise<Row[]> {
    const reply = await this.inTurn(async () => {
      const giveUp = patienceMs === undefined ? undefined : setTimeout(() => this.stop(), patienceMs);
      try {
        return await this.send({ kind: 'rows', sql, values });
      } finally {
        clearTimeout(giveUp);
      }
    });
    return reply as Row[];
  }

  /** The one column of text that a statement selects, as bytes with a line feed after each; the engine ends with it. Throws EngineError. */
  async *lines(sql: string): AsyncGenerator<Buffer> {
    const done = this.inTurn(() => this.send({ kind: 'lines', sql }));
    done.catch(() => undefined);
    try {
      for await (const chunk of this.child.stdout as AsyncIterable<Buffer>) yield chunk;
      await done;
    } finally {
      this.stop();
    }
  }

  /** Ends the process; whatever is asked for fails. */
  stop(): void {
    this.child.kill('SIGKILL');
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(work, work);
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async send(message: EngineSettings | EngineJob): Promise<Record<string, unknown>[]> {
    const gone = new AbortController();
    try {
      const answered = once(this.child, 'message', { signal: gone.signal }) as Promise<[EngineReply]>;
      const ended = once(this.child, 'exit', { signal: gone.signal });
      answered.catch(() => undefined);
      ended.catch(() => undefined);
      if (this.hasEnded || !this.child.connected)
        throw new EngineEnded(`The archive's engine has ended. ${this.stderr}`);
      this.child.send(message);
      const reply = await Promise.race([
        answered.then(([first]) => first),
        ended.then(([code, signal]) => ({ error: `it ended with ${code ?? signal}. ${this.stderr}` })),
      ]);
      if ('error' in reply) throw new EngineError(`The archive's engine: ${reply.error}`);
      return reply.rows;
    } finally {
      gone.abort();
    }
  }
}

/** The folder of package.json: the engine's program is compiled, also where a test runs the sources. */
function packageFolder(): string {
  const [before = ''] = __dirname.split(/[\\/](?:dist[\\/])?libs[\\/]archival[\\/]/);
  return before;
}
