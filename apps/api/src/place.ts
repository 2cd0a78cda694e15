import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromWorker, ToWorker } from './worker-messages';

/** A worker that does not listen after this long, in ms, is ended. */
const startMs = 120_000;
/** Between two tries to replace a worker, in ms: twice as long each time, from the first to the second. */
const backOffMs = { first: 100, most: 10_000 };
/** A worker that served for this long, in ms, is replaced at once. */
const soundMs = 10_000;

export type Serving = Extract<FromWorker, { kind: 'serving' }>;

/** Starts one more worker; resolves when it listens, and rejects when it ends before. */
export async function launch(env: NodeJS.ProcessEnv, onFork: (worker: Worker) => void): Promise<[Worker, Serving]> {
  const worker = cluster.fork(env);
  onFork(worker);
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), startMs);
  try {
    return [worker, await listening(worker)];
  } finally {
    clearTimeout(timer);
  }
}

/** A worker that ended before it listened. */
export class WorkerEnded extends Error {
  constructor(
    readonly pid: number | undefined,
    readonly code: number | null,
    readonly signal: string | null,
  ) {
    super(`worker ${pid ?? ''} ended with ${signal ?? code ?? 'nothing'} before it listened`);
  }
}

/** One of the places that WORKERS asks for. It is filled again whenever its worker ends. */
export class Place {
  private worker?: Worker;
  private servingSince = 0;
  private delayMs = 0;
  private isClosed = false;
  /** One change at a time, or two would each start a worker for it. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly start: () => Promise<[Worker, Serving]>,
    private readonly onLoss: (what: string) => void,
  ) {}

  /** Has it filled by a worker, and keeps it filled. */
  fill(): Promise<Serving> {
    return this.inTurn(() => this.startOne());
  }

  /** A new worker listens before the old one leaves. Where none can be had the old one stays. */
  renew(): Promise<void> {
    return this.inTurn(async () => {
      const old = this.worker;
      await this.startOne();
      if (old?.isConnected()) old.send({ kind: 'retire' } satisfies ToWorker);
    });
  }

  /** Nobody comes any more. */
  close(): void {
    this.isClosed = true;
  }

  private async startOne(): Promise<Serving> {
    const [worker, serving] = await this.start();
    this.take(worker);
    return serving;
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(change);
    this.turn = turn.catch(() => undefined);
    return turn;
  }

  private take(worker: Worker): void {
    this.worker = worker;
    this.servingSince = performance.now();
    worker.once('exit', (code, signal) => {
      if (this.worker !== worker || this.isClosed) return;
      this.worker = undefined;
      this.onLoss(`Worker ${worker.process.pid} ended with ${signal || code}: another one is started.`);
      void this.refill();
    });
    if (worker.isDead()) worker.emit('exit', worker.process.exitCode, worker.process.signalCode);
  }

  private async refill(): Promise<void> {
    if (performance.now() - this.servingSince >= soundMs) this.delayMs = 0;
    for (;;) {
      await sleep(this.delayMs);
      if (this.isClosed) return;
      this.delayMs = Math.min(backOffMs.most, Math.max(backOffMs.first, 2 * this.delayMs));
      try {
        // It may have been renewed meanwhile.
        await this.inTurn(async () => this.worker ?? this.startOne());
        return;
      } catch (error) {
        this.onLoss(`A ${(error as Error).message}: it is tried again.`);
      }
    }
  }
}

async function listening(worker: Worker): Promise<Serving> {
  const served = new AbortController();
  const ended = once(worker, 'exit', { signal: served.signal }).then(([code, signal]) => {
    throw new WorkerEnded(worker.process.pid, code as number | null, signal as string | null);
  });
  const serving = new Promise<Serving>((resolve) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'serving') resolve(message);
    });
  });
  try {
    return await Promise.race([serving, ended]);
  } finally {
    served.abort();
    ended.catch(() => undefined);
  }
}
