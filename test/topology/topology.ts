import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { postgresPrograms } from '../support/debian-postgres';
import { writeLedgerKey, writeTokenKey } from '../support/keys';
import { missingPrograms as missingOfS3 } from '../support/radosgw';
import { Postgres } from './postgres';
import { Alertmanager, Nginx, PgBouncer, Program, Prometheus, Redis, S3, s3Key } from './programs';
import { freePort } from '../support/ports';
import { handOver, type Service } from './service';

export interface TopologyOptions {
  /** Its data, configuration and logs. */
  folder: string;
  /** Where nginx listens; the system chooses where nothing is said. */
  port?: number;
  workers?: number;
  /** How late the second replica is, such as `5s`. */
  replicaDelay?: string;
  /** More settings of the API. */
  settings?: NodeJS.ProcessEnv;
}

const docker = resolve(__dirname, '../../docker');
const names = [
  'nginx',
  'api',
  'pgbouncer',
  'primary',
  'replica1',
  'replica2',
  'redis',
  'prometheus',
  'alertmanager',
  's3',
  's3monitor',
] as const;
type Name = (typeof names)[number];
const passwords = ['APP', 'OWNER', 'ARCHIVER', 'REPLICATION', 'REDIS', 'PGBOUNCER_ADMIN', 'ADMIN', 'S3'] as const;

/** What of the topology is not on this machine; empty where it can be started. */
export function missingPrograms(): string[] {
  const folders = (process.env.PATH ?? '').split(':');
  const wanted = ['nginx', 'pgbouncer', 'redis-server', 'prometheus', 'prometheus-alertmanager', 'setpriv'];
  const missing = wanted.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
  return [...missing, ...missingOfS3(), ...(postgresPrograms() ? [] : ['postgres 15'])];
}

/** The whole of it, on this machine: every program is a process of its own on 127.0.0.1, with the configuration of docker/. */
export class Topology {
  private constructor(
    readonly folder: string,
    readonly adminPassword: string,
    readonly nginx: Nginx,
    readonly api: Program,
    readonly pgbouncer: PgBouncer,
    public primary: Postgres,
    readonly replicas: readonly [Postgres, Postgres],
    readonly redis: Redis,
    readonly prometheus: Prometheus,
    readonly alertmanager: Alertmanager,
    readonly pgbouncerAdminUrl: string,
    readonly s3: S3,
    /** Of the API, for its commands. */
    readonly settings: NodeJS.ProcessEnv,
    private readonly lead: (primary: Postgres) => void,
  ) {}

  static async start(options: TopologyOptions): Promise<Topology> {
    const { folder } = options;
    mkdirSync(folder, { recursive: true });
    // The programs that are not root's have folders in it.
    chmodSync(folder, 0o755);
    const [ports, secrets] = [await portsOf(options), secretsOf(folder)];
    const valuesOf = (name: Name) => ({
      ...common(folder, ports, secrets),
      ...postgresValues(folder, ports, name, options),
    });
    const configure = (name: Name, part: string, values = valuesOf(name)) => {
      const args = [join(docker, 'render.mjs'), join(docker, part), join(folder, name, 'config')];
      execFileSync(process.execPath, args, { env: values });
    };
    for (const name of ['primary', 'replica1', 'replica2'] as const) configure(name, 'postgres');
    for (const name of ['nginx', 'pgbouncer', 'redis', 'prometheus', 's3'] as const) configure(name, name);
    configure('alertmanager', 'prometheus');
    writeTargets(join(folder, 'prometheus', 'config', 'targets'), ports);

    const at = (name: Name) => join(folder, name);
    const ownerUrl = `postgresql://ip2a_owner:${secrets.OWNER}@127.0.0.1:${ports.primary}/ip2a`;
    const primary = new Postgres('primary', at('primary'), ports.primary, 'primary', ownerUrl);
    const replicas = [1, 2].map((number) => {
      const name = `replica${number}` as Name;
      return new Postgres(name, at(name), ports[name], 'replica', ownerUrl);
    }) as [Postgres, Postgres];
    const redis = new Redis('redis', at('redis'), ports.redis);
    const pgbouncer = new PgBouncer('pgbouncer', at('pgbouncer'), ports.pgbouncer);
    const nginx = new Nginx('nginx', at('nginx'), ports.nginx);
    const prometheus = new Prometheus('prometheus', at('prometheus'), ports.prometheus);
    const alertmanager = new Alertmanager('alertmanager', at('alertmanager'), ports.alertmanager);
    const databases = async () => {
      const isNew = await primary.initialize();
      handOver(at('primary'));
      await primary.start();
      if (isNew) await primary.runFile(join(at('primary'), 'config', 'roles.sql'));
      await Promise.all(replicas.map((replica) => replica.copyOf(primary, secrets.REPLICATION)));
      await Promise.all([pgbouncer.start(), ...replicas.map((replica) => replica.start())]);
    };
    const s3 = new S3('s3', at('s3'), ports.s3, secrets.S3);
    await Promise.all([s3.start(), databases(), redis.start(), prometheus.start(), alertmanager.start()]);
    const settings = environmentOf(at('api'), ports, secrets, s3, ownerUrl, options);
    settings.PORT = String(ports.api);
    const lines = Object.entries(settings).map(([setting, value]) => `${setting}='${value}'\n`);
    writeFileSync(join(folder, 'api.env'), lines.join(''), { mode: 0o600 });
    const api = new Program('api', at('api'), ports.api, settings);
    await Promise.all([api.start(), nginx.start()]);
    const adminUrl = `postgresql://pgbouncer_admin:${secrets.PGBOUNCER_ADMIN}@127.0.0.1:${ports.pgbouncer}/pgbouncer`;
    return new Topology(
      folder,
      secrets.ADMIN,
      nginx,
      api,
      pgbouncer,
      primary,
      replicas,
      redis,
      prometheus,
      alertmanager,
      adminUrl,
      s3,
      settings,
      ({ port: primaryPort }) => {
        configure('pgbouncer', 'pgbouncer', { ...valuesOf('pgbouncer'), PRIMARY_PORT: String(primaryPort) });
        handOver(at('pgbouncer'));
        process.kill(pgbouncer.pid, 'SIGHUP');
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.nginx.port}`;
  }

  get services(): Service[] {
    const { nginx, api, pgbouncer, primary, replicas, redis, prometheus, alertmanager, s3 } = this;
    return [nginx, api, prometheus, alertmanager, pgbouncer, ...replicas, primary, redis, s3];
  }

  /** Makes a replica the primary, once nobody else is: PgBouncer leads there from now on, and nobody is told but it. */
  async promote(replica: Postgres): Promise<void> {
    await replica.promote();
    this.lead(replica);
    this.primary = replica;
  }

  /** From the outside in, so that nobody waits for one that is gone. */
  async stop(): Promise<void> {
    for (const service of this.services) await service.stop();
  }
}

async function portsOf({ port }: TopologyOptions): Promise<Record<Name, number>> {
  const ports = {} as Record<Name, number>;
  for (const name of names) ports[name] = await freePort();
  return port ? { ...ports, nginx: port } : ports;
}

/** Made once for a folder: its databases know them. */
function secretsOf(folder: string): Record<(typeof passwords)[number], string> {
  const file = join(folder, 'passwords.json');
  if (!existsSync(file)) {
    const made = Object.fromEntries(passwords.map((name) => [name, randomBytes(15).toString('base64url')]));
    writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Record<(typeof passwords)[number], string>;
}

type Secrets = ReturnType<typeof secretsOf>;

function common(folder: string, ports: Record<Name, number>, secrets: Secrets): Record<string, string> {
  const addresses = Object.fromEntries(
    (['primary', 'replica1', 'replica2'] as const).flatMap((name) => [
      [`${name.toUpperCase()}_HOST`, '127.0.0.1'],
      [`${name.toUpperCase()}_PORT`, String(ports[name])],
    ]),
  );
  return {
    ...addresses,
    ...Object.fromEntries(passwords.map((name) => [`${name}_PASSWORD`, secrets[name]])),
    API_ADDRESS: `127.0.0.1:${ports.api}`,
    NGINX_LISTEN: `127.0.0.1:${ports.nginx}`,
    NGINX_FOLDER: join(folder, 'nginx', 'run'),
    PGBOUNCER_LISTEN: '127.0.0.1',
    PGBOUNCER_PORT: String(ports.pgbouncer),
    PGBOUNCER_FOLDER: join(folder, 'pgbouncer', 'config'),
    REDIS_LISTEN: '127.0.0.1',
    REDIS_PORT: String(ports.redis),
    REDIS_FOLDER: join(folder, 'redis'),
    S3_FSID: uuidOf(folder),
    S3_LISTEN: '127.0.0.1',
    S3_PORT: String(ports.s3),
    S3_MONITOR_PORT: String(ports.s3monitor),
    S3_FOLDER: join(folder, 's3', 'store'),
    S3_OBJECT_STORE: 'memstore',
    POSTGRES_LISTEN: '127.0.0.1',
    POSTGRES_CLIENTS: '127.0.0.1/32',
    POSTGRES_LOCAL_AUTH: 'trust',
    POSTGRES_SHARED_BUFFERS: '256MB',
  };
}

/** The same for the same folder. */
function uuidOf(folder: string): string {
  const hex = createHash('sha256').update(folder).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

function postgresValues(
  folder: string,
  ports: Record<Name, number>,
  name: Name,
  { replicaDelay = '0' }: TopologyOptions,
): Record<string, string> {
  return {
    POSTGRES_PORT: String(ports[name]),
    POSTGRES_FOLDER: join(folder, name, 'config'),
    POSTGRES_SOCKETS: join(folder, name, 'sockets'),
    REPLICA_NAME: name,
    REPLICA_DELAY: name === 'replica2' ? replicaDelay : '0',
  };
}

function writeTargets(folder: string, ports: Record<Name, number>): void {
  for (const [file, name] of [
    ['ip2a', 'api'],
    ['alertmanager', 'alertmanager'],
    ['prometheus', 'prometheus'],
  ] as const) {
    writeFileSync(join(folder, `${file}.yml`), `- targets: ['127.0.0.1:${ports[name]}']\n`);
  }
}

function environmentOf(
  folder: string,
  ports: Record<Name, number>,
  secrets: Secrets,
  s3: S3,
  ownerUrl: string,
  { workers = 2, settings }: TopologyOptions,
): NodeJS.ProcessEnv {
  mkdirSync(folder, { recursive: true });
  const [tokenKey, ledgerKey] = ['jwt.pem', 'ledger.pem'].map((name) => join(folder, name)) as [string, string];
  if (!existsSync(tokenKey)) writeTokenKey(folder);
  if (!existsSync(ledgerKey)) writeLedgerKey(folder);
  const pooled = (database: string) => `postgresql://ip2a_app:${secrets.APP}@127.0.0.1:${ports.pgbouncer}/${database}`;
  return {
    HOST: '127.0.0.1',
    WORKERS: String(workers),
    DATABASE_URL: pooled('ip2a'),
    DATABASE_REPLICA_URLS: [pooled('ip2a_replica1'), pooled('ip2a_replica2')].join(),
    DATABASE_OWNER_URL: ownerUrl,
    ADMIN_MFA_REQUIRED: 'false',
    DATABASE_ARCHIVER_URL: ownerUrl.replace(`ip2a_owner:${secrets.OWNER}`, `ip2a_archiver:${secrets.ARCHIVER}`),
    REDIS_URL: `redis://:${secrets.REDIS}@127.0.0.1:${ports.redis}`,
    ARCHIVE_URL: 's3://archive/ip2a',
    ATTACHMENTS_URL: 's3://attachments/ip2a',
    S3_ENDPOINT: s3.endpoint,
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: s3Key,
    AWS_SECRET_ACCESS_KEY: secrets.S3,
    JWT_PRIVATE_KEY_FILE: tokenKey,
    LEDGER_PRIVATE_KEY_FILE: ledgerKey,
    ADMIN_EMAIL: 'admin@local.example',
    ADMIN_PASSWORD: secrets.ADMIN,
    TRUSTED_PROXIES: '127.0.0.1/32',
    DATA_DIR: join(folder, 'data'),
    LOG_LEVEL: 'warn',
    ...settings,
  };
}
