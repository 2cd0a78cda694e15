import { Agent, request, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A whole answer as it came over the wire. */
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  requestId: string;
  /** The time from sending the first byte to having the last. */
  ms: number;
  json<T = Record<string, unknown>>(): T;
}

/** The status and the code of a refusal. */
export const codeOf = (reply: Reply) => [reply.status, String(reply.json()['type']).replace('/docs/errors#', '')];

export interface Account {
  id: number;
  email: string;
  password: string;
}

interface Session {
  accessToken: string;
  refreshToken: string;
}

/** Text and bytes are sent as they are, a stream in chunks, anything else as JSON. */
type Body = unknown;

/** Speaks real HTTP to the API, as one account or as nobody. Paths are below /api/v1. */
export class Client {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(
    readonly url: string,
    readonly account: Account = { id: 0, email: '', password: '' },
    readonly session: Session = { accessToken: '', refreshToken: '' },
  ) {}

  get(path: string, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.send('GET', path, undefined, headers);
  }

  head(path: string, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.send('HEAD', path, undefined, headers);
  }

  post(path: string, body?: Body, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.send('POST', path, body, headers);
  }

  put(path: string, body?: Body, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.send('PUT', path, body, headers);
  }

  patch(path: string, body?: Body, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.send('PATCH', path, body, { 'Content-Type': 'application/merge-patch+json', ...headers });
  }

  delete(path: string, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.send('DELETE', path, undefined, headers);
  }

  async send(method: string, path: string, body?: Body, headers?: OutgoingHttpHeaders): Promise<Reply> {
    const begun = performance.now();
    const message = await this.open(method, path, body, headers);
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      text,
      requestId: String(message.headers['x-request-id']),
      ms: performance.now() - begun,
      json: <T>() => JSON.parse(text) as T,
    };
  }

  /** The answer as soon as its headers are there, for those who read its body slowly or not at all. */
  open(method: string, path: string, body?: Body, headers?: OutgoingHttpHeaders): Promise<IncomingMessage> {
    const { accessToken } = this.session;
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.url}${path.startsWith('/api') ? path : `/api/v1${path}`}`, {
        method,
        agent: this.agent,
        headers: {
          ...(accessToken && { Authorization: `Bearer ${accessToken}` }),
          ...(isRaw(body) || body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
      });
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      if (body instanceof Readable) pipeline(body, outgoing).catch(reject);
      else outgoing.end(isRaw(body) || body === undefined ? body : JSON.stringify(body));
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

function isRaw(body: Body): body is string | Buffer | Readable {
  return typeof body === 'string' || Buffer.isBuffer(body) || body instanceof Readable;
}
