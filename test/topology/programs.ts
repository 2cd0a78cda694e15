import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { childrenOf } from '../support/processes';
import { Service, type Command } from './service';

export class PgBouncer extends Service {
  protected override command(): Command {
    return {
      program: 'pgbouncer',
      args: ['--quiet', join(this.folder, 'config', 'pgbouncer.ini')],
      asNobody: true,
      signal: 'INT',
    };
  }
}

export class Redis extends Service {
  protected override command(): Command {
    return { program: 'redis-server', args: [join(this.folder, 'config', 'redis.conf')] };
  }
}

export class Nginx extends Service {
  protected override command(): Command {
    const workers = join(this.folder, 'run');
    mkdirSync(workers, { recursive: true });
    return {
      program: 'nginx',
      args: ['-c', join(this.folder, 'config', 'nginx.conf'), '-p', this.folder],
      signal: 'QUIT',
    };
  }
}

export class Prometheus extends Service {
  protected override command(): Command {
    const args = [
      `--config.file=${join(this.folder, 'config', 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${this.port}`,
    ];
    return { program: 'prometheus', args };
  }

  protected override isReady(): Promise<boolean> {
    return answers(`http://127.0.0.1:${this.port}/-/ready`);
  }
}

export class Alertmanager extends Service {
  protected override command(): Command {
    const args = [
      `--config.file=${join(this.folder, 'config', 'alertmanager.yml')}`,
      `--storage.path=${join(this.folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${this.port}`,
      '--cluster.listen-address=',
    ];
    return { program: 'prometheus-alertmanager', args };
  }
}

/** The API with its workers, as operators run it. */
export class Program extends Service {
  constructor(
    name: string,
    folder: string,
    port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    super(name, folder, port);
  }

  /** One process that serves by itself has no workers. */
  get workers(): number[] {
    return childrenOf(this.pid);
  }

  /** Has every worker replaced. */
  roll(): void {
    process.kill(this.pid, 'SIGHUP');
  }

  protected override command(): Command {
    const main = resolve(__dirname, '../../dist/apps/api/src/main.js');
    return {
      program: process.execPath,
      args: ['--max-semi-space-size=64', main],
      env: { ...this.env, PORT: String(this.port) },
    };
  }

  protected override isReady(): Promise<boolean> {
    return answers(`http://127.0.0.1:${this.port}/health/ready`);
  }
}

export const s3Key = 'ip2a';
const buckets = ['archive', 'attachments'];

/** Ceph's radosgw with what it needs, in memory. */
export class S3 extends Service {
  constructor(
    name: string,
    folder: string,
    port: number,
    private readonly secret: string,
  ) {
    super(name, folder, port);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** With its buckets, which an administrator makes elsewhere. */
  override async start(): Promise<void> {
    await super.start();
    const credentials = { accessKeyId: s3Key, secretAccessKey: this.secret };
    const client = new S3Client({ endpoint: this.endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    for (const Bucket of buckets) await client.send(new CreateBucketCommand({ Bucket }));
    client.destroy();
  }

  protected override command(): Command {
    const script = resolve(__dirname, '../../docker/s3/start.sh');
    const args = [script, join(this.folder, 'store'), join(this.folder, 'config', 'ceph.conf')];
    return { program: '/bin/sh', args, env: { S3_ACCESS_KEY: s3Key, S3_SECRET_KEY: this.secret } };
  }

  protected override isReady(): Promise<boolean> {
    return answers(this.endpoint);
  }
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}
