import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardedCommand } from './guardian';
import { type Layout, reasonInLog } from './layout';
import { clearStaleLock, endAbandonedBackends, findPostmaster, stopServer } from './postmaster';

const shutdownPatienceMs = 60_000;
const firstPauseMs = 100;
const longestPauseMs = 10_000;

/** A server that is started again whenever it ends by itself: it was killed, or its disk was full. */
export class SupervisedServer {
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>;
  private stopped?: Promise<void>;

  constructor(
    private server: GuardedCommand,
    private readonly layout: Layout,
    /** Starts it on the port that it had; undefined where something was in the way. */
    private readonly start: () => Promise<GuardedCommand | undefined>,
    private readonly report: (line: string) => void,
  ) {
    this.watching = this.watch();
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.end());
  }

  /** The guardian ends the server. Where the guardian was killed, this process does. */
  private async end(): Promise<void> {
    this.stopping.abort();
    const running = findPostmaster(this.layout.data);
    this.server.release();
    await Promise.race([this.server.ended, sleep(shutdownPatienceMs, undefined, { ref: false })]);
    if (running !== undefined) await stopServer(running, this.layout.data);
    await this.watching;
  }

  private async watch(): Promise<void> {
    while (!this.isStopping()) {
      await this.server.ended;
      // A server whose guardian was killed runs on.
      while (!this.isStopping() && findPostmaster(this.layout.data)) await this.pause(1_000);
      if (this.isStopping()) return;
      this.report(`PostgreSQL ended: ${reasonInLog(this.layout)}. It is started again …`);
      await this.startAgain();
    }
  }

  private async startAgain(): Promise<void> {
    for (let pauseMs = firstPauseMs; !this.isStopping(); pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      const refusal = await this.attempt();
      if (refusal === undefined || this.isStopping()) return;
      this.report(`PostgreSQL does not start: ${refusal}. The next attempt is in ${pauseMs / 1_000} s.`);
      await this.pause(pauseMs);
    }
  }

  /** Answers why it does not run; undefined where it does. */
  private async attempt(): Promise<string | undefined> {
    try {
      clearStaleLock(this.layout.data);
      endAbandonedBackends(this.layout.data);
      const server = await this.start();
      if (server === undefined) return reasonInLog(this.layout);
      this.server = server;
      // A stop that came during the start found no server of ours.
      if (this.isStopping()) server.release();
      else this.report('PostgreSQL runs again.');
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Does not keep the process alive, and ends with a stop. */
  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false, signal: this.stopping.signal }).catch(() => undefined);
  }
}
