import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Random } from '#kernel';

/** How a look at the cache may be answered. */
export type Answer = 'old' | 'other' | 'garbage' | 'nil' | 'truth';

const answers: readonly (readonly [Answer, number])[] = [
  ['old', 0.5],
  ['other', 0.1],
  ['garbage', 0.1],
  ['nil', 0.05],
  ['truth', 0.25],
];
const cacheKeys = 'ip2a:cache:';
/** As a JSON text, as the cache stores its values, and as none. */
const garbage = ['v1.', '"v1."', '"v1.eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"', '{"value":1}', '"'];
/** Values that are remembered of one key. */
const maxRemembered = 30;
const lineEnd = Buffer.from('\r\n');
const nil = Buffer.from('$-1\r\n');

/**
 * A proxy in front of a real Redis that passes everything on, and lies about what the cache holds: old values of the key, values of
 * other keys, garbage, nothing. Other commands and scripts are answered by the server. It speaks RESP2.
 */
export class LyingRedis {
  /** How often it has answered in each way. */
  readonly told: Record<Answer, number> = { old: 0, other: 0, garbage: 0, nil: 0, truth: 0 };
  private readonly remembered = new Map<string, Buffer[]>();
  private readonly keys: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly random: Random;

  private constructor(
    private readonly port: number,
    private readonly door: Server,
    seed: number,
  ) {
    this.random = new Random(seed);
  }

  static async start(redisUrl: string, seed: number): Promise<LyingRedis> {
    const door = createServer((socket) => lying.pass(socket));
    const lying: LyingRedis = new LyingRedis(Number(new URL(redisUrl).port), door, seed);
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    return lying;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.door.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.door.close();
  }

  /** Commands and their answers keep their order on a connection, so the first that is owed belongs to the next answer. */
  private pass(client: Socket): void {
    const server = connect(this.port, '127.0.0.1');
    const owed: (string | undefined)[] = [];
    const commands = new Messages();
    const replies = new Messages();
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      for (const command of commands.add(chunk)) owed.push(this.hear(wordsOf(command)));
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      for (const reply of replies.add(chunk)) {
        const key = owed.shift();
        client.write(key === undefined ? reply : this.answer(key, reply));
      }
    });
  }

  /** Remembers what is stored; answers the key of a look at the cache. */
  private hear([name, key, value]: Buffer[]): string | undefined {
    const told = key?.toString() ?? '';
    if (!told.startsWith(cacheKeys)) return undefined;
    const verb = name?.toString().toUpperCase();
    if (verb === 'SET' && value) this.remember(told, Buffer.from(value));
    return verb === 'GET' ? told : undefined;
  }

  private remember(key: string, value: Buffer): void {
    const values = this.remembered.get(key);
    if (!values) {
      this.remembered.set(key, [value]);
      this.keys.push(key);
    } else if (values.length < maxRemembered) values.push(value);
    else {
      values.splice(this.random.between(0, maxRemembered - 1), 1);
      values.push(value);
    }
  }

  private answer(key: string, truth: Buffer): Buffer {
    const chosen = this.random.weighted(answers);
    const lie = this.lie(chosen, key);
    this.told[lie ? chosen : 'truth'] += 1;
    return lie ?? truth;
  }

  private lie(chosen: Answer, key: string): Buffer | undefined {
    if (chosen === 'nil') return nil;
    if (chosen === 'garbage')
      return bulk(Buffer.from(this.random.pick(garbage).padEnd(this.random.between(0, 60), 'x')));
    if (chosen === 'other') {
      const others = this.keys.length > 1 ? this.anyOf(this.random.pick(this.keys)) : [];
      return others.length > 0 && others !== this.remembered.get(key) ? bulk(others.at(-1)!) : undefined;
    }
    // Not the one that was stored last, which may be the truth.
    const old = this.anyOf(key).slice(0, -1);
    return chosen === 'old' && old.length > 0 ? bulk(this.random.pick(old)) : undefined;
  }

  private anyOf(key: string): Buffer[] {
    return this.remembered.get(key) ?? [];
  }
}

/** The messages of one direction of a connection, whole, in the order of the stream. */
class Messages {
  private rest: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): Buffer[] {
    this.rest = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const whole: Buffer[] = [];
    for (let end = endOf(this.rest, 0); end !== undefined; end = endOf(this.rest, 0)) {
      whole.push(this.rest.subarray(0, end));
      this.rest = this.rest.subarray(end);
    }
    return whole;
  }
}

/** Where the message that begins at `from` ends; undefined while it is not all there. */
function endOf(bytes: Buffer, from: number): number | undefined {
  const line = bytes.indexOf(lineEnd, from);
  if (line < 0) return undefined;
  const kind = bytes.toString('latin1', from, from + 1);
  let end: number | undefined = line + 2;
  if (kind !== '$' && kind !== '*') return end;
  const size = Number(bytes.toString('latin1', from + 1, line));
  if (kind === '$') return size < 0 ? end : bytes.length >= end + size + 2 ? end + size + 2 : undefined;
  for (let element = 0; element < size && end !== undefined; element += 1) end = endOf(bytes, end);
  return end;
}

/** The words of a command, which is an array of bulk strings. */
function wordsOf(command: Buffer): Buffer[] {
  const words: Buffer[] = [];
  let from = command.indexOf(lineEnd) + 2;
  while (from < command.length) {
    const line = command.indexOf(lineEnd, from);
    const size = Number(command.toString('latin1', from + 1, line));
    words.push(command.subarray(line + 2, line + 2 + size));
    from = line + 2 + size + 2;
  }
  return words;
}

function bulk(value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, lineEnd]);
}
