import type { CaseName } from './calls';
import type { Order, Outcome } from './driver';
import { staffToken } from './ours';
import { processorTimeBelow, processorTimeOf } from './processor-time';
import type { Server, Stage } from './stage';

/** What one server did in one turn. */
export interface Measurement {
  /** Answers per second. */
  rate: number;
  seconds: number;
  latencyMs: { p50: number; p99: number };
  /** Processor time per answer in µs; undefined where the system does not tell. */
  serverMicros?: number;
  databaseMicros?: number;
}

export interface Load {
  connections: number;
  seconds: number;
}

/** Sends one load after the other, and throws as soon as an answer is not a 2xx: a fast refusal is no result. */
export class Turns {
  private count = 0;

  constructor(
    private readonly stage: Stage,
    private readonly load: Load,
  ) {}

  async take(name: CaseName, server: Server, round: number): Promise<Measurement> {
    const { postmasterPid, sample, ours } = this.stage;
    const { url, pid } = server;
    const token = await staffToken(ours.url);
    const before = { server: processorTimeOf(pid), database: processorTimeBelow(postmasterPid) };
    const outcome = await this.drive({ name, url, token, sample, round, turn: (this.count += 1), ...this.load });
    const { answered, seconds, faults, latencyMs } = outcome;
    if (Object.keys(faults).length > 0 || answered === 0) {
      throw new Error(
        `${name} on ${server.name}: ${answered} answers were good, but ${JSON.stringify(faults)} were not.`,
      );
    }
    const spent = (from?: number, to?: number) =>
      from === undefined || to === undefined ? undefined : (to - from) / answered;
    return {
      rate: answered / seconds,
      seconds,
      latencyMs,
      serverMicros: spent(before.server, processorTimeOf(pid)),
      databaseMicros: spent(before.database, processorTimeBelow(postmasterPid)),
    };
  }

  private async drive(order: Order): Promise<Outcome> {
    const { driver, ours, bare } = this.stage;
    const outcome = new Promise<Outcome>((resolve) =>
      driver.process.once('message', (message) => resolve(message as Outcome)),
    );
    driver.process.send(order);
    return Promise.race([outcome, driver.ended, ours.ended, bare.ended]);
  }
}
