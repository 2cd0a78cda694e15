import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { HeadObjectCommand, type HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { type Fault, Faults } from './faults';
import type { Radosgw } from './radosgw';

const coldClasses = ['GLACIER', 'DEEP_ARCHIVE'];
const dayMs = 86_400_000;

export interface GlacierOptions {
  /** From the request to the readable copy, in ms: 0. */
  restoreMs?: number;
  /** By which copies become readable and end: the system's. */
  now?: () => Date;
}

/** An S3 server that keeps cold what is of a cold class, and answers as badly as it is told to. */
export interface Glacier {
  readonly endpoint: string;
  readonly faults: Faults;
  setRestoreMs(ms: number): void;
  stop(): Promise<void>;
}

/** A request, as far as it matters here. */
interface Asked {
  method: string;
  path: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
  /** Whether it is for the object itself, not for its lock, tags or parts. */
  isOfObject: boolean;
}

interface Copy {
  readyAt: number;
  until: number;
}

/**
 * Stands before radosgw and adds what Amazon's Glacier does and radosgw does not: a cold object answers 403 InvalidObjectState
 * until a copy was asked for (RestoreObject) and is ready, and HEAD tells of the copy. All else passes as it is, the Host header
 * with it, which signatures are made over.
 */
export async function startGlacier(server: Radosgw, options: GlacierOptions = {}): Promise<Glacier> {
  const faults = new Faults();
  const shim = new Shim(server, faults, options);
  const front = createServer((incoming, answer) => {
    shim.answer(incoming, answer).catch((error: unknown) => answer.destroy(error as Error));
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    faults,
    setRestoreMs: (ms) => (shim.restoreMs = ms),
    stop: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        front.closeAllConnections();
        shim.close();
      }),
  };
}

class Shim {
  restoreMs: number;
  private readonly now: () => number;
  private readonly client: S3Client;
  private readonly agent = new Agent({ keepAlive: true });
  /** By bucket, key and version. */
  private readonly copies = new Map<string, Copy>();

  constructor(
    private readonly server: Radosgw,
    private readonly faults: Faults,
    { restoreMs = 0, now = () => new Date() }: GlacierOptions,
  ) {
    this.restoreMs = restoreMs;
    this.now = () => now().getTime();
    const { endpoint, accessKeyId, secretAccessKey } = server;
    const credentials = { accessKeyId, secretAccessKey };
    this.client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  }

  close(): void {
    this.client.destroy();
    this.agent.destroy();
  }

  async answer(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const asked = parse(incoming);
    const isObjectRead = asked.method === 'GET' && asked.isOfObject;
    const fault = this.faults.take(asked.method, asked.path, isObjectRead);
    if (fault?.kind === 'timeout') return void incoming.resume();
    if (fault?.kind === 'error') {
      incoming.resume();
      refuse(answer, fault.status, fault.status === 503 ? 'SlowDown' : 'InternalError');
      return;
    }
    if (asked.method === 'POST' && asked.query.has('restore')) return this.restore(asked, incoming, answer, fault);
    const source = incoming.headers['x-amz-copy-source'];
    if (typeof source === 'string' && !(await this.mayCopy(source))) {
      incoming.resume();
      refuse(answer, 403, 'InvalidObjectState');
      return;
    }
    return this.pass(asked, incoming, answer, fault);
  }

  private async restore(
    asked: Asked,
    incoming: IncomingMessage,
    answer: ServerResponse,
    fault: Fault | undefined,
  ): Promise<void> {
    const days = Number(/<Days>(\d+)<\/Days>/.exec(await text(incoming))?.[1]);
    const found = await this.look(asked.bucket, asked.key, asked.query.get('versionId') ?? undefined);
    if (!found) {
      refuse(answer, 404, 'NoSuchKey');
      return;
    }
    if (!coldClasses.includes(found.StorageClass ?? '')) {
      refuse(answer, 403, 'InvalidObjectState');
      return;
    }
    const name = nameOf(asked.bucket, asked.key, found.VersionId);
    const copy = this.copyOf(name);
    if (copy && copy.readyAt > this.now()) {
      refuse(answer, 409, 'RestoreAlreadyInProgress');
      return;
    }
    const readyAt = copy?.readyAt ?? this.now() + this.restoreMs;
    this.copies.set(name, { readyAt, until: Math.max(readyAt, this.now()) + days * dayMs });
    if (fault?.kind === 'lost') return void answer.destroy();
    answer.writeHead(copy ? 200 : 202, { 'content-length': 0 }).end();
  }

  /** `bucket/key?versionId=…`, as the header of a copy names its source. */
  private async mayCopy(source: string): Promise<boolean> {
    const { bucket, key, query } = split(`/${source.replace(/^\//, '')}`);
    const found = await this.look(bucket, key, query.get('versionId') ?? undefined);
    if (!found || !coldClasses.includes(found.StorageClass ?? '')) return true;
    return this.isReady(nameOf(bucket, key, found.VersionId));
  }

  private async pass(
    asked: Asked,
    incoming: IncomingMessage,
    answer: ServerResponse,
    fault: Fault | undefined,
  ): Promise<void> {
    const passed = await this.send(incoming);
    const { statusCode: status = 502, headers } = passed;
    const name = nameOf(asked.bucket, asked.key, headers['x-amz-version-id'] as string | undefined);
    const isCold = asked.isOfObject && status < 300 && coldClasses.includes(headers['x-amz-storage-class'] as string);
    if (fault?.kind === 'lost') {
      await buffer(passed);
      return void answer.destroy();
    }
    if (isCold && asked.method === 'GET' && !this.isReady(name)) {
      passed.resume();
      refuse(answer, 403, 'InvalidObjectState');
      return;
    }
    const restore = isCold && this.header(name);
    if (restore) headers['x-amz-restore'] = restore;
    if (asked.isOfObject && status < 300 && ['PUT', 'POST', 'DELETE'].includes(asked.method)) this.copies.delete(name);
    answer.writeHead(status, headers);
    if (fault?.kind === 'truncate') {
      const body = await buffer(passed);
      answer.write(body.subarray(0, fault.bytes ?? Math.floor(body.length / 2)), () => answer.destroy());
      return;
    }
    passed.pipe(answer);
    passed.on('error', () => answer.destroy());
  }

  private send(incoming: IncomingMessage): Promise<IncomingMessage> {
    const { hostname, port } = new URL(this.server.endpoint);
    const { method, url: path, headers } = incoming;
    return new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, method, path, headers, agent: this.agent }, resolve);
      outgoing.on('error', reject);
      incoming.on('error', reject);
      incoming.pipe(outgoing);
    });
  }

  private async look(Bucket: string, Key: string, VersionId?: string): Promise<HeadObjectCommandOutput | undefined> {
    return this.client.send(new HeadObjectCommand({ Bucket, Key, VersionId })).catch(() => undefined);
  }

  private copyOf(name: string): Copy | undefined {
    const copy = this.copies.get(name);
    return copy && copy.until > this.now() ? copy : undefined;
  }

  private isReady(name: string): boolean {
    const copy = this.copyOf(name);
    return copy !== undefined && copy.readyAt <= this.now();
  }

  private header(name: string): string | undefined {
    const copy = this.copyOf(name);
    if (!copy) return undefined;
    if (!this.isReady(name)) return 'ongoing-request="true"';
    return `ongoing-request="false", expiry-date="${new Date(copy.until).toUTCString()}"`;
  }
}

const nameOf = (bucket: string, key: string, version = '') => `${bucket}/${key}@${version}`;

/** Queries that ask for something beside the object. */
const besides = ['tagging', 'retention', 'legal-hold', 'acl', 'attributes', 'uploads', 'uploadId', 'restore'];

function parse({ method = '', url = '' }: IncomingMessage): Asked {
  const { bucket, key, query } = split(url);
  const isOfObject = key !== '' && !besides.some((name) => query.has(name));
  return { method, path: url, bucket, key, query, isOfObject };
}

function split(path: string): { bucket: string; key: string; query: URLSearchParams } {
  const { pathname, searchParams } = new URL(path, 'http://s3');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/.exec(pathname) ?? [];
  return { bucket, key: decodeURIComponent(key), query: searchParams };
}

function refuse(answer: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  answer.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) });
  answer.end(body);
}
