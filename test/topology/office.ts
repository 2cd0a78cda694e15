import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  json: Record<string, unknown>;
  requestId: string;
}

interface Update {
  phone: string;
  answer?: Answer;
  error?: string;
}

/** Whoever uses the portal: speaks to nginx, from an address of its own. Each request may take a connection of its own. */
export class Person {
  private readonly agent: Agent;
  token = '';

  constructor(
    readonly url: string,
    private readonly localAddress = '127.0.0.1',
    keepAlive = true,
  ) {
    this.agent = new Agent({ keepAlive });
  }

  async logIn(email: string, password: string): Promise<this> {
    const { status, json } = await this.send('POST', '/auth/login', { email, password });
    if (status !== 200) throw new Error(`The log-in was answered with ${status}: ${JSON.stringify(json)}`);
    this.token = String(json['accessToken']);
    return this;
  }

  /** The same account, from elsewhere. */
  at(url: string, keepAlive = true): Person {
    return Object.assign(new Person(url, this.localAddress, keepAlive), { token: this.token });
  }

  get(path: string, headers = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  send(method: string, path: string, body?: object, headers = {}): Promise<Answer> {
    const { agent, localAddress } = this;
    const sent = {
      ...(this.token && { Authorization: `Bearer ${this.token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.url}/api/v1${path}`, {
        method,
        agent,
        localAddress,
        headers: sent,
        timeout: 30_000,
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error('no answer within 30 s')));
      outgoing.once('error', reject);
      outgoing.once('response', (message) => {
        let text = '';
        message.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        message.once('error', reject);
        message.once('end', () => {
          const isJson = String(message.headers['content-type']).includes('json');
          const json = isJson && text ? (JSON.parse(text) as Record<string, unknown>) : {};
          const requestId = String(message.headers['x-request-id']);
          resolve({ status: message.statusCode ?? 0, headers: message.headers, json, requestId });
        });
      });
      outgoing.end(body && JSON.stringify(body));
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** How many there were, so that no two write the same. */
let shifts = 0;

/** Clerks who change and read records for as long as they are not told to stop, each a record of its own. */
export class Clerks {
  readonly updates: Update[] = [];
  readonly reads: Update[] = [];
  /** Whose each update is. */
  private readonly owners: number[] = [];
  private isOver = false;
  private readonly shift = (shifts += 1);
  private readonly done: Promise<unknown>;

  constructor(person: Person, members: readonly number[]) {
    this.done = Promise.all(members.map((id, index) => this.work(person, id, index)));
  }

  get failed(): Update[] {
    return [...this.updates, ...this.reads].filter(({ answer }) => answer?.status !== 200);
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.done;
  }

  /** What each member's record must hold: the last change that was acknowledged, or one that came after it and may have been done. */
  possible(index: number): string[] {
    const own = this.updates.filter((_, at) => this.owners[at] === index);
    const last = own.findLastIndex(({ answer }) => answer?.status === 200);
    return own.slice(Math.max(last, 0)).map(({ phone }) => phone);
  }

  private async work(person: Person, id: number, index: number): Promise<void> {
    for (let round = 0; !this.isOver; round += 1) {
      const phone = `555-${this.shift}-${index}-${round}`;
      this.owners.push(index);
      const update: Update = { phone };
      this.updates.push(update);
      const headers = { 'Content-Type': 'application/merge-patch+json' };
      await this.note(update, person.send('PATCH', `/members/${id}`, { phone }, headers));
      const read: Update = { phone };
      this.reads.push(read);
      await this.note(read, person.get(`/members/${id}`));
      // The own write is read: whichever worker answered, and whichever failed before.
      if (update.answer?.status === 200 && read.answer?.status === 200) {
        const shown = read.answer.json['phone'];
        if (shown !== phone) read.error = `read ${String(shown)} after ${phone}`;
      }
      await sleep(20);
    }
  }

  get wrong(): string[] {
    return this.reads.map(({ error }) => error ?? '').filter((error) => error.startsWith('read '));
  }

  private async note(update: Update, answer: Promise<Answer>): Promise<void> {
    try {
      update.answer = await answer;
    } catch (error) {
      update.error = (error as Error).message;
    }
  }
}
