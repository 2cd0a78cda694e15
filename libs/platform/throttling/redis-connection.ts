import { Logger } from '@nestjs/common';
import { createClient } from '@redis/client';
import { gcraScript } from './gcra-script';
import { throttlingMetrics } from './throttling.metrics';

/** An answer that takes longer is not waited for, in ms: a request may lose this much once, before Redis counts as away. */
const patienceMs = 40;
/** Between two attempts to find it again, and for each of them, in ms. */
const probeEveryMs = 500;
const probePatienceMs = 1_000;

type Client = ReturnType<typeof clientOf>;

export class RedisAwayError extends Error {}

/**
 * A connection that is either known to be quick or not there: one late answer or broken socket gives it up, and with it
 * whatever waits for an answer; from then on nobody asks, until an attempt in the background has found Redis well again. A new
 * connection each time, because an old one may be dead without a sign, or full of questions nobody waits for.
 */
export class RedisConnection {
  private readonly logger = new Logger('limits');
  private client?: Client;
  private probe?: NodeJS.Timeout;
  private isClosed = false;
  private isFirstFault = true;

  constructor(private readonly url: string) {}

  get isUp(): boolean {
    return this.client !== undefined;
  }

  /** One attempt to connect; more follow by themselves. */
  async open(): Promise<void> {
    const client = clientOf(this.url);
    // Without a listener, an error that arrives while nobody asks would end the process.
    client.on('error', () => this.giveUp(client, 'lost'));
    try {
      await within(probePatienceMs, connected(client));
    } catch (error) {
      drop(client);
      this.giveUp(undefined, 'refused', error);
      return;
    }
    if (this.isClosed || !client.isReady) return drop(client);
    this.client = client;
    throttlingMetrics.redisUp.set(1);
    if (!this.isFirstFault) this.logger.log({}, 'Redis keeps the limits again');
    this.isFirstFault = true;
  }

  /** The answer to a command; RedisAwayError when there is none in time. */
  async ask(command: string[]): Promise<unknown> {
    const { client } = this;
    if (!client) throw new RedisAwayError();
    try {
      return await within(patienceMs, client.sendCommand(command));
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) throw error;
      this.giveUp(client, error instanceof LateError ? 'late' : 'failed', error);
      throw new RedisAwayError();
    }
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.probe);
    if (this.client) drop(this.client);
    this.client = undefined;
  }

  /** Of the many that notice a fault at the same time only the first does something. */
  private giveUp(client: Client | undefined, reason: string, error?: unknown): void {
    if (this.isClosed || client !== this.client) return;
    this.client = undefined;
    if (client) drop(client);
    throttlingMetrics.redisFailures.inc({ reason });
    throttlingMetrics.redisUp.set(0);
    if (this.isFirstFault) {
      const cause = error instanceof Error ? error.message : reason;
      this.logger.warn({ reason, cause }, 'Redis is away; each process keeps the limits by itself');
    }
    this.isFirstFault = false;
    clearTimeout(this.probe);
    this.probe = setTimeout(() => void this.open(), probeEveryMs).unref();
  }
}

class LateError extends Error {}

function clientOf(url: string) {
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: probePatienceMs, reconnectStrategy: false },
  });
}

async function connected(client: Client): Promise<void> {
  await client.connect();
  await client.sendCommand(['SCRIPT', 'LOAD', gcraScript]);
}

function drop(client: Client): void {
  if (client.isOpen) client.destroy();
}

/** LateError after so many ms. One turn of the event loop more, or an answer that came while this process was busy would be late. */
function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(new LateError(`No answer within ${ms} ms`))), ms);
    const settled = () => clearTimeout(timer);
    work.then(resolve, reject).finally(settled);
  });
}
