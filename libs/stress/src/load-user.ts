import { Client } from 'undici';
import type { LoadFigures } from './load-figures';
import type { Crowd, Errand } from './load-mix';

/** Records that a user is remembered to have changed; those before are forgotten. */
const maxRemembered = 20;

/** An errand with what identifies its request: its number, from which its id is made. */
export interface Sent extends Errand {
  number: number;
  /** When it was due, on the clock of `performance.now()`. */
  dueAt: number;
}

/** What the users of one run have in common. */
export interface LoadStage {
  origin: string;
  /** Where the API is below the origin. */
  prefix: string;
  requestIdOf: (number: number) => string;
  figures: LoadFigures;
  /** A request not answered this many ms after it was due is given up. */
  patienceMs: number;
  /** Called for each that was answered well. */
  onAnswered: (sent: Sent) => void;
}

interface Known {
  version: number;
  value?: string;
}

/**
 * One connected user, with a connection of their own that is kept alive and carries one request at a time. What is due meanwhile
 * waits here, and its time runs. Each remembers what they changed: a later reply about it must not be older.
 */
export class LoadUser {
  private readonly client: Client;
  private readonly waiting: Sent[] = [];
  private readonly known = new Map<string, Known>();
  private readonly headers: Record<string, string>;
  private isBusy = false;

  constructor(
    private readonly stage: LoadStage,
    readonly crowd: Crowd,
    /** Believed where the service trusts loopback as a proxy: of the range that RFC 2544 reserves for measurements. */
    address: string,
  ) {
    this.headers = { 'x-forwarded-for': address, 'user-agent': 'ip2a-stress-load' };
    this.client = new Client(stage.origin, {
      pipelining: 1,
      keepAliveTimeout: 600_000,
      keepAliveMaxTimeout: 600_000,
      headersTimeout: stage.patienceMs,
      bodyTimeout: stage.patienceMs,
      connect: { timeout: stage.patienceMs },
    });
  }

  set token(token: string) {
    this.headers['authorization'] = `Bearer ${token}`;
  }

  /** The records this user changed lately. */
  get changed(): readonly string[] {
    return [...this.known.keys()];
  }

  /** Opens the connection. Rejects where the service does not take it. */
  async connect(): Promise<void> {
    const { statusCode, body } = await this.client.request({ method: 'GET', path: '/health/live' });
    await body.dump();
    if (statusCode !== 200) throw new Error(`/health/live answers ${statusCode}`);
  }

  /** Sends it as soon as the connection is free. */
  send(sent: Sent): void {
    this.waiting.push(sent);
    if (!this.isBusy) this.next(true);
  }

  /** Lets go of the connection; what is open is not answered any more. */
  close(): Promise<void> {
    this.waiting.length = 0;
    return this.client.destroy();
  }

  private next(wasFree = false): void {
    const { figures, patienceMs } = this.stage;
    for (let sent = this.waiting.shift(); sent; sent = this.waiting.shift()) {
      const waitedMs = performance.now() - sent.dueAt;
      if (waitedMs < patienceMs) {
        if (wasFree) figures.lateness.add(waitedMs);
        this.dispatch(sent);
        return;
      }
      figures.fail(sent.operation, 'timeout', waitedMs);
    }
  }

  private dispatch(sent: Sent): void {
    const { stage, headers } = this;
    this.isBusy = true;
    let status = 0;
    let version: number | undefined;
    let text: string[] | undefined;
    const own: Record<string, string> = { ...headers, 'x-request-id': stage.requestIdOf(sent.number) };
    if (sent.body !== undefined)
      own['content-type'] = sent.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const settle = (finish: () => void) => {
      if (!this.isBusy) return;
      this.isBusy = false;
      finish();
      this.next();
    };
    const { method, body = null } = sent;
    this.client.dispatch(
      { method, path: stage.prefix + sent.path, headers: own, body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode, { etag }) => {
          status = statusCode;
          if (typeof etag === 'string') version = Number(etag.replace(/\D/g, ''));
          if (sent.record !== undefined && this.known.get(sent.record)?.version === version) text = [];
        },
        onResponseData: (_controller, chunk) => void text?.push(chunk.toString()),
        onResponseEnd: () => settle(() => this.answered(sent, status, version, text?.join(''))),
        onResponseError: (_controller, error) => settle(() => this.failed(sent, error)),
      },
    );
  }

  private answered(sent: Sent, status: number, version: number | undefined, text: string | undefined): void {
    const { figures, onAnswered } = this.stage;
    const ms = performance.now() - sent.dueAt;
    if (status === 429) figures.limit();
    else if (status >= 400) figures.fail(sent.operation, `status ${status}`, ms);
    else {
      figures.answer(sent.operation, ms);
      if (sent.record !== undefined && version !== undefined) this.compare(sent.record, sent.value, version, text);
      onAnswered(sent);
    }
  }

  private failed(sent: Sent, error: Error): void {
    const { code = error.name } = error as NodeJS.ErrnoException;
    // The user lets go at the end of the run; what is open then is counted as such.
    if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return;
    const kind = code.includes('TIMEOUT') ? 'timeout' : `socket ${code}`;
    this.stage.figures.fail(sent.operation, kind, performance.now() - sent.dueAt);
  }

  /** Versions of a record only rise; the same version says the same. */
  private compare(record: string, value: string | undefined, version: number, text: string | undefined): void {
    const { figures } = this.stage;
    const known = this.known.get(record);
    if (known) {
      figures.compared += 1;
      const isOlder = version < known.version;
      const differs =
        version === known.version && known.value !== undefined && text?.includes(JSON.stringify(known.value)) === false;
      if (isOlder || differs) figures.stale += 1;
    }
    if (value === undefined && !known) return;
    this.known.delete(record);
    if (!known || version >= known.version)
      this.known.set(record, { version, value: value ?? (known?.version === version ? known.value : undefined) });
    else this.known.set(record, known);
    if (this.known.size > maxRemembered) this.known.delete(this.known.keys().next().value as string);
  }
}
