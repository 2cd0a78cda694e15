import { createHash, randomUUID } from 'node:crypto';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { redisMetrics } from './redis.metrics';
import type { RedisScript } from './redis-script';

/**
 * A server that owes answers and gives none for so many ticks of so many ms counts as away: less than 50 ms that a request loses, once.
 * Ticks, because one that comes late has seen one turn of the event loop: a process that was busy itself has not waited.
 */
const tickMs = 12;
const silentTicks = 4;
/** Between two attempts to find it again, and for each of them, in ms. */
const probeEveryMs = 500;
const probePatienceMs = 1_000;

type Client = Awaited<ReturnType<typeof clientOf>>;

class RedisAwayError extends Error {}

/**
 * A connection that is either known to be quick or not there: one late answer or broken socket gives it up, and with it
 * whatever waits for an answer; from then on nobody asks, until an attempt in the background has found Redis well again. A new
 * connection each time, because an old one may be dead without a sign, or full of questions nobody waits for.
 */
export class RedisConnection implements OnApplicationShutdown {
  private readonly logger = new Logger('redis');
  /** Counts connections that were opened: another number may be another server. */
  connection = 0;
  private client?: Client;
  private identity?: string;
  private probe?: NodeJS.Timeout;
  private isClosed = false;
  private isFirstFault = true;
  /** Answers that are waited for, and for how many ticks none has come. */
  private owed = 0;
  private silence = 0;
  private watch?: NodeJS.Timeout;

  /** Without a `url` there is none, ever. `scripts` are loaded into each server that is found, for EVALSHA. */
  constructor(
    private readonly url: string | undefined,
    private readonly scripts: readonly RedisScript[] = [],
  ) {}

  get isConfigured(): boolean {
    return this.url !== undefined;
  }

  get isUp(): boolean {
    return this.client !== undefined;
  }

  /**
   * Which server answers, and which history of its content it goes on with: another one after a restart or a fail-over. Undefined while
   * there is none, or where the server does not say.
   */
  get serverId(): string | undefined {
    return this.client && this.identity;
  }

  /** One attempt to connect; more follow by themselves. */
  async open(): Promise<void> {
    if (this.url === undefined) return;
    const client = await clientOf(this.url);
    // Without a listener, an error that arrives while nobody asks would end the process.
    client.on('error', () => this.giveUp(client, 'lost'));
    let identity: string | undefined;
    try {
      identity = await within(probePatienceMs, this.connect(client));
    } catch (error) {
      drop(client);
      this.giveUp(undefined, 'refused', error);
      return;
    }
    if (this.isClosed || !client.isReady) {
      drop(client);
      return;
    }
    this.client = client;
    this.connection += 1;
    this.identity = identity;
    redisMetrics.up.set(1);
    if (!this.isFirstFault) this.logger.log({}, 'Redis is back');
    this.isFirstFault = true;
  }

  /** The answer to a command; RedisAwayError when there is none in time. */
  async ask(command: string[]): Promise<unknown> {
    const { client } = this;
    if (!client) throw new RedisAwayError();
    if (this.owed === 0) this.silence = 0;
    this.owed += 1;
    this.watch ??= setInterval(() => this.tick(), tickMs).unref();
    try {
      const answer = await client.sendCommand(command);
      this.silence = 0;
      return answer;
    } catch (error) {
      // The server is well and says what is wrong: a script it does not have, or a key that holds another kind of value.
      if (error instanceof Error && /^(NOSCRIPT|WRONGTYPE)/.test(error.message)) throw error;
      // It is full, and throws nothing away: what it holds already it still answers.
      if (error instanceof Error && error.message.startsWith('OOM')) {
        redisMetrics.failures.inc({ reason: 'full' });
        throw new RedisAwayError();
      }
      this.giveUp(client, 'failed', error);
      throw new RedisAwayError();
    } finally {
      this.owed -= 1;
    }
  }

  /** Told of an answer that cannot be: who gives one counts as away. */
  distrust(): void {
    if (this.client) this.giveUp(this.client, 'nonsense');
  }

  /** Asks the server again who it is; a master may begin a new history without a restart. */
  async identify(): Promise<void> {
    const { client } = this;
    const identity = await identityOf((command) => this.ask(command));
    if (client === this.client) this.identity = identity;
  }

  /** The answer of a script. */
  async run({ sha, text }: RedisScript, keys: string[], values: string[]): Promise<unknown> {
    const words = [String(keys.length), ...keys, ...values];
    try {
      return await this.ask(['EVALSHA', sha, ...words]);
    } catch (error) {
      if (error instanceof RedisAwayError) throw error;
      // NOSCRIPT: the scripts of the server were flushed.
      return this.ask(['EVAL', text, ...words]);
    }
  }

  onApplicationShutdown(): void {
    this.isClosed = true;
    clearTimeout(this.probe);
    clearInterval(this.watch);
    if (this.client) drop(this.client);
    this.client = undefined;
  }

  private async connect(client: Client): Promise<string | undefined> {
    await client.connect();
    const word = randomUUID();
    if (text(await client.sendCommand(['ECHO', word])) !== word) throw new Error('It answers ECHO with another word');
    for (const { text: script, sha } of this.scripts) {
      const told = text(await client.sendCommand(['SCRIPT', 'LOAD', script]));
      if (told !== sha) throw new Error(`It answers SCRIPT LOAD with another hash than ${sha}`);
    }
    return identityOf((command) => client.sendCommand(command));
  }

  private tick(): void {
    if (this.owed === 0) {
      clearInterval(this.watch);
      this.watch = undefined;
      return;
    }
    this.silence += 1;
    if (this.silence >= silentTicks && this.client) this.giveUp(this.client, 'late');
  }

  /** Of the many that notice a fault at the same time only the first does something. */
  private giveUp(client: Client | undefined, reason: string, error?: unknown): void {
    if (this.isClosed || client !== this.client) return;
    this.client = undefined;
    if (client) drop(client);
    redisMetrics.failures.inc({ reason });
    redisMetrics.up.set(0);
    if (this.isFirstFault) {
      const cause = error instanceof Error ? error.message : reason;
      this.logger.warn({ reason, cause }, 'Redis is away; each process goes on by itself');
    }
    this.isFirstFault = false;
    clearTimeout(this.probe);
    this.probe = setTimeout(() => void this.open(), probeEveryMs).unref();
  }
}

/** The driver is a fifth of all modules, so it is loaded only where there is a Redis. */
async function clientOf(url: string) {
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // Silence is noticed for all commands together; a timer for each would cost more than the command.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: probePatienceMs, reconnectStrategy: false },
  });
}

/** A restart makes a new run id, and a replica that becomes the master a new replication id. A replica has none of its own. */
async function identityOf(ask: (command: string[]) => Promise<unknown>): Promise<string | undefined> {
  const told = (await Promise.all(['server', 'replication'].map((section) => ask(['INFO', section])))).join('\n');
  const [run, history] = [/^run_id:(\w+)/m, /^role:master[^]*^master_replid:(\w+)/m].map(
    (line) => line.exec(told)?.[1],
  );
  return run && history ? createHash('sha256').update(`${run} ${history}`).digest('hex').slice(0, 24) : undefined;
}

/** A text, whichever way the driver reads it. */
function text(answer: unknown): string {
  return answer instanceof Buffer ? answer.toString() : String(answer);
}

function drop(client: Client): void {
  if (client.isOpen) client.destroy();
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
