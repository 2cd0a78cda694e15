import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

interface Healthcheck {
  test: string[];
}

interface Service {
  image?: string;
  build?: { target: string };
  user?: string;
  entrypoint?: string[];
  command?: string[];
  environment?: Record<string, string>;
  env_file?: string[];
  secrets?: string[];
  volumes?: string[];
  tmpfs?: string[];
  ports?: string[];
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  read_only?: boolean;
  healthcheck?: Healthcheck;
  depends_on?: Record<string, { condition: string }>;
}

interface Compose {
  services: Record<string, Service>;
  networks: { default: { ipam: { config: [{ subnet: string }] } } };
}

/** What the images of others are replaced by; Grafana is in no Debian. */
const standIns: Record<string, string> = {
  'node:22-bookworm-slim': 'node',
  'nginx:1.28-bookworm': 'nginx',
  'postgres:15-bookworm': 'postgres',
  'redis:7-bookworm': 'redis',
  'prom/prometheus:v2.55.1': 'prometheus',
  'prom/alertmanager:v0.27.0': 'alertmanager',
};
const copied = ['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
const folders = ['apps', 'libs', 'migrations', 'bench', 'docker'];
const base = 'localhost/ip2a-bookworm';
const prefix = 'ip2a-compose';
const patienceMs = 300_000;

/** Further options of `podman build`, such as mounts of a proxy's certificates. */
const buildOptions = (process.env.PODMAN_BUILD_OPTIONS ?? '').split(' ').filter(Boolean);

/** compose.yaml, brought up by podman on images of stand-ins; each service is started with what the file says of it. */
export class Stack {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'ip2a-compose-')));
  private readonly compose: Compose;
  private readonly started = new Map<string, Promise<void>>();

  constructor() {
    for (const name of copied) cpSync(name, join(this.folder, name));
    for (const name of folders) {
      const filter = (path: string) => path !== resolve('docker/secrets');
      cpSync(resolve(name), join(this.folder, name), { recursive: true, filter });
    }
    cpSync('.dockerignore', join(this.folder, '.dockerignore'));
    this.compose = parse(readFileSync('docker/compose.yaml', 'utf8'), { merge: true }) as Compose;
  }

  get services(): string[] {
    return Object.entries(this.compose.services)
      .filter(([, { image }]) => image === undefined || image in standIns)
      .map(([name]) => name);
  }

  /** The images, from a Debian that debootstrap makes once. Takes minutes. */
  build(): void {
    if (spawnSync('podman', ['image', 'exists', base]).status !== 0) this.makeBase();
    const context = join(this.folder, 'stand-ins');
    mkdirSync(context);
    cpSync(process.execPath, join(context, 'node'));
    cpSync(join(dirname(process.execPath), '../lib/node_modules/npm'), join(context, 'npm'), { recursive: true });
    for (const name of ['Dockerfile', 'postgres.sh']) cpSync(join('test/compose', name), join(context, name));
    for (const [image, target] of Object.entries(standIns))
      this.buildImage(context, 'Dockerfile', target, `docker.io/library/${image}`);
    podman('tag', base, 'docker.io/library/debian:bookworm-slim');
    for (const target of ['api', 'pgbouncer', 's3'])
      this.buildImage(this.folder, 'docker/Dockerfile', target, `${prefix}-${target}`);
  }

  /** Starts every service that can be had, in the order that the file asks for. */
  async up(): Promise<void> {
    execFileSync('sh', [join(this.folder, 'docker/make-secrets.sh')]);
    const [{ subnet }] = this.compose.networks.default.ipam.config;
    podman('network', 'create', '--subnet', subnet, prefix);
    for (const name of this.services) await this.start(name);
  }

  down(): void {
    const left = podman('ps', '-aq', '--filter', `name=^${prefix}-`).split('\n').filter(Boolean);
    if (left.length > 0) podman('rm', '-f', '-t', '5', ...left);
    spawnSync('podman', ['network', 'rm', '-f', prefix]);
    const volumes = podman('volume', 'ls', '-q', '--filter', `name=^${prefix}-`).split('\n').filter(Boolean);
    if (volumes.length > 0) podman('volume', 'rm', '-f', ...volumes);
    rmSync(this.folder, { recursive: true });
  }

  /** Runs a command in a service, as its account. */
  exec(name: string, ...command: string[]): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync('podman', ['exec', `${prefix}-${name}`, ...command], {
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  }

  logs(name: string): string {
    const { stdout, stderr } = spawnSync('podman', ['logs', `${prefix}-${name}`], { encoding: 'utf8' });
    return stdout + stderr;
  }

  inspect(name: string, format: string): string {
    return podman('inspect', '--format', format, `${prefix}-${name}`).trim();
  }

  private start(name: string): Promise<void> {
    const known = this.started.get(name);
    if (known) return known;
    const starting = this.startAfterOthers(name);
    this.started.set(name, starting);
    return starting;
  }

  private async startAfterOthers(name: string): Promise<void> {
    const service = this.compose.services[name];
    if (!service) throw new Error(`compose.yaml has no ${name}.`);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      await this.start(other);
      await this.fulfilled(other, condition);
    }
    podman('run', '-d', ...this.optionsOf(name, service));
  }

  private optionsOf(name: string, service: Service): string[] {
    const { entrypoint, command = [], build, image } = service;
    const each = (option: string, values: readonly string[] = []) => values.flatMap((value) => [option, value]);
    const [program, ...further] = entrypoint ?? [];
    return [
      ...['--name', `${prefix}-${name}`, '--network', prefix, '--network-alias', name],
      ...(service.read_only ? ['--read-only', '--read-only-tmpfs=false'] : []),
      ...(service.user ? ['--user', service.user] : []),
      ...each('--cap-drop', service.cap_drop),
      ...each('--cap-add', service.cap_add),
      ...each(
        '--security-opt',
        service.security_opt?.map((option) => option.replace(/:true$/, '')),
      ),
      ...each(
        '--env-file',
        service.env_file?.map((file) => join(this.folder, 'docker', file)),
      ),
      ...each(
        '--env',
        Object.entries(service.environment ?? {}).map(([key, value]) => `${key}=${value}`),
      ),
      ...each(
        '--tmpfs',
        service.tmpfs?.map((path) => `${path}:mode=1777`),
      ),
      ...each('--publish', service.ports),
      ...each(
        '--volume',
        service.volumes?.map((volume) => this.mountOf(volume)),
      ),
      ...each(
        '--volume',
        service.secrets?.map((secret) => `${join(this.folder, 'docker/secrets', secret)}:/run/secrets/${secret}:ro`),
      ),
      ...(program === undefined ? [] : ['--entrypoint', program]),
      build ? `${prefix}-${build.target}` : `docker.io/library/${image}`,
      ...further,
      ...command,
    ];
  }

  private mountOf(volume: string): string {
    return volume.startsWith('./') ? join(this.folder, 'docker', volume) : `${prefix}-${volume}`;
  }

  private async fulfilled(name: string, condition: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!this.isFulfilled(name, condition)) {
      if (Date.now() > deadline) throw new Error(`${name} is not ${condition}:\n${this.logs(name)}`);
      await sleep(500);
    }
  }

  private isFulfilled(name: string, condition: string): boolean {
    const [status, code] = this.inspect(name, '{{.State.Status}} {{.State.ExitCode}}').split(' ');
    if (condition === 'service_started') return status === 'running';
    if (condition === 'service_completed_successfully') {
      if (status === 'exited' && code !== '0') throw new Error(`${name} ended with ${code}:\n${this.logs(name)}`);
      return status === 'exited';
    }
    if (status === 'exited') throw new Error(`${name} ended with ${code}:\n${this.logs(name)}`);
    return this.isHealthy(name);
  }

  isHealthy(name: string): boolean {
    const [kind, ...test] = this.compose.services[name]?.healthcheck?.test ?? [];
    if (kind === 'CMD') return this.exec(name, ...test).status === 0;
    return spawnSync('podman', ['healthcheck', 'run', `${prefix}-${name}`]).status === 0;
  }

  private makeBase(): void {
    const root = join(this.folder, 'debian');
    execFileSync('debootstrap', ['--variant=minbase', 'bookworm', root], { stdio: 'ignore' });
    const archive = join(this.folder, 'debian.tar');
    execFileSync('tar', ['-C', root, '-cf', archive, '.']);
    podman('import', archive, base);
    rmSync(root, { recursive: true });
    rmSync(archive);
  }

  private buildImage(context: string, file: string, target: string, image: string): void {
    const options = ['--format', 'docker', '--network=host', '--pull=never', ...buildOptions];
    podman('build', ...options, '--target', target, '-t', image, '-f', join(context, file), context);
  }
}

/** Answers what the command printed; throws with its errors where it fails. */
function podman(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('podman', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`podman ${args.join(' ')}\n${stdout.slice(-2_000)}${stderr.slice(-4_000)}`);
  return stdout;
}
