import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { environmentOfWorkers, type Runtime } from '#platform/config';
import { FleetMetrics } from './fleet-metrics';
import { launch, Place, WorkerEnded, type Serving } from './place';
import { announce } from './prepare';
import { drainMs, embeddedFlag, firstBootFlag, type ToWorker } from './worker-messages';

/** Beyond what a worker takes to drain, in ms, before it is ended. */
const graceMs = 2_000;

/**
 * Holds WORKERS processes that serve on one port, and the servers they need. Each worker accepts from the port itself, so that one that
 * is killed takes nothing with it but what it had accepted, and one that is busy accepts nothing.
 */
export class Supervisor {
  private readonly metrics = new FleetMetrics();
  private readonly places: Place[];
  private isStopping = false;
  private rolling?: Promise<void>;
  private isRollWanted = false;

  constructor(private readonly runtime: Runtime) {
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    const { WORKERS } = runtime.config;
    const start = () => this.launch();
    const onLoss = (line: string) => {
      this.metrics.restarts.inc();
      say(line);
    };
    this.places = Array.from({ length: WORKERS }, () => new Place(start, onLoss));
  }

  /** The first worker makes the first accounts; the others follow when it listens. */
  async start(): Promise<void> {
    process.on('SIGINT', (signal) => void this.stop(signal));
    process.on('SIGTERM', (signal) => void this.stop(signal));
    // At a terminal it says that the terminal was closed.
    process.on('SIGHUP', (signal) => void (process.stdin.isTTY ? this.stop(signal) : this.roll()));
    const [first, ...others] = this.places as [Place, ...Place[]];
    this.setArguments([firstBootFlag, ...(this.runtime.config.embedded ? [embeddedFlag] : [])]);
    try {
      const { url, accounts } = await first.fill();
      this.setArguments([]);
      await Promise.all(others.map((place) => place.fill()));
      announce(url, accounts);
    } catch (error) {
      if (!this.isStopping) await this.giveUp(error);
    }
  }

  /** Another one takes the place of each worker, one after the other. A second request waits for the first. */
  async roll(): Promise<void> {
    this.isRollWanted = true;
    this.rolling ??= this.rollWhileWanted().finally(() => (this.rolling = undefined));
    await this.rolling;
  }

  private async rollWhileWanted(): Promise<void> {
    while (this.isRollWanted && !this.isStopping) {
      this.isRollWanted = false;
      say('SIGHUP: every worker is replaced …');
      try {
        for (const place of this.places) await place.renew();
        say('Every worker was replaced.');
      } catch (error) {
        say(`The workers stay as they are: a ${(error as Error).message}.`);
      }
    }
  }

  /** Has every worker finish what is open, then stops the servers; a second signal does not wait. */
  private async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.isStopping) {
      this.killAll();
      process.exit(1);
    }
    this.isStopping = true;
    say(`${signal}: finishing open requests …`);
    const areDrained = await this.endWorkers();
    await this.runtime.stop();
    process.exit(areDrained ? 0 : 1);
  }

  /** The reason was said by the worker. */
  private async giveUp(error: unknown): Promise<void> {
    this.isStopping = true;
    say(`IP2A can not start: a ${(error as Error).message}.`);
    await this.endWorkers();
    await this.runtime.stop();
    process.exit(error instanceof WorkerEnded && error.code ? error.code : 1);
  }

  /** Answers whether all ended by themselves, and well. */
  private async endWorkers(): Promise<boolean> {
    for (const place of this.places) place.close();
    const statuses = workers().map((worker) => this.end(worker));
    const timer = setTimeout(() => this.killAll(), drainMs + graceMs);
    const codes = await Promise.all(statuses);
    clearTimeout(timer);
    return codes.every((code) => code === 0);
  }

  private async end(worker: Worker): Promise<number | null> {
    if (worker.isDead()) return worker.process.exitCode;
    const ended = once(worker, 'exit');
    if (worker.isConnected()) worker.send({ kind: 'stop' } satisfies ToWorker);
    const [code] = (await ended) as [number | null];
    return code;
  }

  private killAll(): void {
    for (const worker of workers()) worker.process.kill('SIGKILL');
  }

  private launch(): Promise<[Worker, Serving]> {
    return launch(environmentOfWorkers(this.runtime.config), (worker) => this.metrics.add(worker));
  }

  private setArguments(args: string[]): void {
    // NaN, a measurement that could not be made, is lost in JSON.
    cluster.setupPrimary({ args, serialization: 'advanced' });
  }
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
