import { migrations } from '#migrations';

import { exists, namesIn, read, resolveImport, type Source, sourcesIn } from '../support/sources';

/** Everything below the features, in the order in which each may know the ones before it. */
const kernel = 'libs/kernel';
const platform = 'libs/platform/*';
const foundation = [kernel, platform, 'libs/access', 'libs/audit', 'libs/records'];

/** Who may import whom; `*` stands for one name. Whoever has no line here may not exist. */
const mayImport: Record<string, readonly string[]> = {
  [kernel]: [],
  [platform]: [kernel, platform],
  'libs/access': [kernel, platform],
  'libs/audit': [kernel, platform, 'libs/access'],
  'libs/records': [kernel, platform, 'libs/access', 'libs/audit'],
  'libs/ledger': [kernel, platform, 'libs/access', 'libs/audit'],
  'libs/archival': [...foundation, 'libs/ledger', 'libs/retention'],
  'libs/client': [],
  'libs/auth': foundation,
  'libs/members': foundation,
  'libs/organizations': foundation,
  'libs/students': foundation,
  'libs/employments': [...foundation, 'libs/members'],
  'libs/salting': [...foundation, 'libs/organizations'],
  'libs/benevolence': [...foundation, 'libs/members'],
  'libs/reports': foundation,
  'libs/stress': foundation,
  'libs/integrity': [...foundation, 'libs/attachments'],
  'libs/break-glass': foundation,
  'libs/retention': foundation,
  'libs/grievances': [...foundation, 'libs/members', 'libs/organizations'],
  'libs/attachments': [
    ...foundation,
    ...['libs/members', 'libs/organizations', 'libs/students', 'libs/grievances', 'libs/benevolence'],
  ],
  'apps/api': ['libs/*', platform],
  'apps/cli': ['libs/*', platform, 'apps/api'],
  migrations: [],
};

/** Imports beside the table, each with its reason. One that is no longer made must go. */
const exceptions = [{ from: 'libs/platform/database', to: 'migrations', because: 'it runs them' }];

/** Packages that only some may know, so that a change of theirs stays where they are known. */
const keepers: Record<string, readonly string[]> = {
  fastify: ['libs/platform/http', 'apps/api'],
  '@fastify/*': ['libs/platform/http'],
  '@nestjs/platform-fastify': ['libs/platform/http', 'apps/api'],
  '@aws-sdk/*': ['libs/platform/object-store'],
  '@duckdb/*': ['libs/archival'],
  '@redis/client': ['libs/platform/redis'],
  '@nestjs/cache-manager': ['libs/platform/cache'],
  'cache-manager': ['libs/platform/cache'],
  'cache-manager-redis-yet': ['libs/platform/cache'],
  keyv: ['libs/platform/cache'],
  '@opentelemetry/*': ['libs/platform/observability'],
  undici: ['libs/stress'],
  '@nestjs/jwt': ['libs/auth'],
  '@nestjs/passport': ['libs/auth'],
  passport: ['libs/auth'],
  '@nestjs/throttler': ['libs/auth', 'libs/platform/throttling'],
  '@node-rs/argon2': ['libs/auth'],
  '@nestjs/schedule': ['libs/platform/jobs', 'libs/archival', 'apps/api'],
};

/** The last part of a file's name before `.ts`, where it has more than one: what kind of thing the file holds. */
const kinds = [
  ...[
    'adapter',
    'controller',
    'decorator',
    'dto',
    'entity',
    'error',
    'factory',
    'filter',
    'guard',
    'health',
    'hook',
    'import',
    'interceptor',
  ],
  ...['metrics', 'module', 'pipe', 'resource', 'service', 'sql', 'strategy', 'subscriber', 'task', 'token'],
  ...['spec', 'db.spec', 'e2e.spec'],
];

/** What a reader looks for by the name of a file stands in a file of that name. */
const kindOfDecorator: Record<string, string> = {
  Entity: 'entity',
  Controller: 'controller',
  Module: 'module',
  Catch: 'filter',
  Cron: 'task',
};

/** Folders that are named after nothing, and so collect everything. */
const namelessFolders = ['utils', 'util', 'helpers', 'shared', 'common', 'types', 'misc', 'interfaces', 'constants'];

const maxLines = 400;
/** Files above the limit, each with its reason. One that has become shorter must go. */
const longFiles: { path: string; because: string }[] = [
  { path: 'libs/client/src/paths.ts', because: 'it is made from docs/openapi.json' },
];

const sources = sourcesIn('apps', 'libs', 'migrations');
const production = sources.filter(({ path }) => !isTest(path));
const manifest = JSON.parse(read('package.json')) as { imports: object; dependencies: object };
const libraries = [...new Set(sources.map(({ path }) => libraryOf(path)))].sort();

describe('the import table', () => {
  it('has a line for every library and program, and no line for another', () => {
    const lines = Object.keys(mayImport);
    expect(libraries.filter((library) => lines.every((line) => !matches(library, line)))).toEqual([]);
    expect(lines.filter((line) => libraries.every((library) => !matches(library, line)))).toEqual([]);
  });

  it('is kept', () => {
    const allowed = ({ from, to }: Edge) => from === to || tableAllows(from, to) || isException({ from, to });
    const violations = edges().filter((edge) => !allowed(edge));
    expect(violations.map(({ path, from, to }) => `${path}: ${from} may not import ${to}`)).toEqual([]);
  });

  it('lists no exception that the table allows or that nobody needs any more', () => {
    const needless = exceptions.filter(
      ({ from, to }) => tableAllows(from, to) || !edges().some((edge) => edge.from === from && edge.to === to),
    );
    expect(needless).toEqual([]);
  });

  it('names no library beyond the foundation that is not imported', () => {
    const named = Object.entries(mayImport).flatMap(([from, targets]) =>
      targets.filter((to) => !to.includes('*') && !foundation.includes(to)).map((to) => ({ from, to })),
    );
    const needless = named.filter(({ from, to }) => !edges().some((edge) => edge.from === from && edge.to === to));
    expect(needless).toEqual([]);
  });

  it('has no cycle between libraries', () => {
    expect(cycleIn(graphOf(edges().map(({ from, to }) => [from, to])))).toEqual([]);
  });

  it('has no cycle between files', () => {
    const relative = production.flatMap((source) =>
      relativeImports(source).map((target) => [source.path, target] as const),
    );
    const files = new Set(production.map(({ path }) => path));
    const fileOf = (target: string) =>
      [`${target}.ts`, `${target}/index.ts`, target].find((path) => files.has(path)) ?? target;
    expect(cycleIn(graphOf(relative.map(([from, to]) => [from, fileOf(to)])))).toEqual([]);
  });
});

describe('libraries', () => {
  it('have one door, an index.ts that only exports', () => {
    const doors = libraries.filter((library) => library.startsWith('libs/')).map(doorOf);
    const found = doors.map((door) => sources.find(({ path }) => path === door));
    expect(doors.filter((_, index) => !found[index])).toEqual([]);
    const bodies = found.map((door) =>
      door?.text.replace(/export (type )?(\{[^}]*\}|\* as \w+) from '[^']+';\s*/g, ''),
    );
    expect(bodies.filter(Boolean)).toEqual([]);
  });

  it('are entered by their # name, never by a path', () => {
    const violations = sources.flatMap((source) =>
      relativeImports(source)
        .filter((target) => libraryOf(target) !== libraryOf(source.path))
        .filter((target) => !(isTest(source.path) && isTest(`${target}.ts`)))
        .map((target) => `${source.path} imports ${target}: use the # name of ${libraryOf(target)}`),
    );
    expect(violations).toEqual([]);
  });

  it('know nothing of their tests', () => {
    const violations = production.flatMap((source) =>
      relativeImports(source)
        .filter((target) => isTest(`${target}.ts`))
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(violations).toEqual([]);
  });

  it('are found under the # names of package.json', () => {
    const unknown = sources.flatMap(({ path, imports }) =>
      imports
        .filter((name) => name.startsWith('#') && !libraries.includes(libraryNamed(name)))
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
    expect(Object.keys(manifest.imports)).toEqual(['#platform/*', '#migrations', '#app', '#*']);
  });
});

describe('commands', () => {
  it('load the application when they run: help and a wrong argument answer at once', () => {
    const eager = production
      .filter(({ path, text }) => path.startsWith('apps/cli/') && /^import (?!type )[^;]* from '[#@]/m.test(text))
      .map(({ path }) => path);
    expect(eager).toEqual([]);
  });

  it('print what the application told them by `print`, which waits for its entries', () => {
    const others = production
      .filter(({ path }) => path.startsWith('apps/cli/') && !path.endsWith('/with-app.ts'))
      .filter(({ text }) => text.includes("/with-app'") && text.includes('process.stdout'))
      .map(({ path }) => path);
    // Its verdict may come from a folder, where there is no application.
    expect(others).toEqual(['apps/cli/src/commands/audit-verify.ts']);
  });
});

describe('packages', () => {
  it('are none to the kernel, which is plain TypeScript', () => {
    const kernelSources = production.filter(({ path }) => path.startsWith(`${kernel}/`));
    expect(kernelSources.flatMap(packagesOf)).toEqual([]);
  });

  it('stay with the libraries that keep them', () => {
    const violations = production.flatMap((source) =>
      packagesOf(source).flatMap((name) =>
        Object.entries(keepers)
          .filter(([pattern, keeping]) => matches(name, pattern) && !keeping.includes(libraryOf(source.path)))
          .map(([, keeping]) => `${source.path} imports ${name}, which is kept by ${keeping.join(' and ')}`),
      ),
    );
    expect(violations).toEqual([]);
  });

  it('are kept by no library that imports them nowhere', () => {
    const needless = Object.entries(keepers).flatMap(([pattern, keeping]) =>
      keeping
        .filter(
          (library) => !production.some((source) => libraryOf(source.path) === library && imports(source, pattern)),
        )
        .map((library) => `${library} keeps ${pattern}`),
    );
    expect(needless).toEqual([]);
  });

  it('are declared in package.json', () => {
    const declared = Object.keys(manifest.dependencies);
    const missing = production.flatMap((source) =>
      packagesOf(source)
        .filter((name) => !declared.includes(name))
        .map((name) => `${source.path} imports ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('files', () => {
  it('are named in kebab case, after what they hold and of what kind it is', () => {
    const isNamed = (name: string) => {
      const match = /^[a-z0-9]+(?:-[a-z0-9]+)*(\.[a-z0-9.]+)?\.ts$/.exec(name);
      return match !== null && ['', ...kinds].includes(match[1]?.slice(1) ?? '');
    };
    const misnamed = sources.map(({ path }) => path).filter((path) => !isNamed(path.split('/').at(-1) ?? ''));
    expect(misnamed.map((path) => `${path}: use one of the kinds ${kinds.join(', ')}, or add one`)).toEqual([]);
  });

  it('hold what their kind says', () => {
    const misplaced = production.flatMap(({ path, text }) =>
      Object.entries(kindOfDecorator)
        .filter(
          ([decorator, kind]) => new RegExp(`^\\s*@${decorator}\\(`, 'm').test(text) && !path.endsWith(`.${kind}.ts`),
        )
        .map(([decorator, kind]) => `${path} has @${decorator}: it belongs in a *.${kind}.ts`),
    );
    expect(misplaced).toEqual([]);
  });

  it('stand in folders named after something', () => {
    const folders = new Set(sources.flatMap(({ path }) => path.split('/').slice(0, -1)));
    expect([...folders].filter((folder) => namelessFolders.includes(folder))).toEqual([]);
  });

  it(`have at most ${maxLines} lines`, () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > maxLines);
    const excused = longFiles.map(({ path }) => path);
    expect(
      long.filter(({ path }) => !excused.includes(path)).map(({ path, lines }) => `${path}: ${lines} lines`),
    ).toEqual([]);
    expect(excused.filter((path) => long.every((file) => file.path !== path))).toEqual([]);
  });
});

describe('migrations', () => {
  it('are listed once each, in the order they run, under the names of their files', () => {
    const files = namesIn('migrations').filter((name) => name !== 'index.ts');
    expect(files.filter((name) => !/^\d{13}-[a-z0-9-]+\.ts$/.test(name))).toEqual([]);
    const namesOfFiles = files.map((name) => {
      const [timestamp = '', ...effect] = name.replace('.ts', '').split('-');
      return effect.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('') + timestamp;
    });
    expect(migrations.map((migration) => new migration().name)).toEqual(namesOfFiles);
    expect(migrations.map((migration) => migration.name)).toEqual(namesOfFiles);
  });
});

describe('decisions', () => {
  it('name the specs that check them, which exist', () => {
    const decisions = namesIn('docs/decisions').filter((name) => name !== 'README.md');
    const unchecked = decisions.flatMap((name) => {
      const [, checks = ''] = /^[*_]Checked by[*_] (.+)$/m.exec(read(`docs/decisions/${name}`)) ?? [];
      const paths = [...checks.matchAll(/`([^`]+\.ts)`/g)].map(([, path]) => path ?? '');
      if (!checks) return [`${name} does not say what checks it`];
      return paths.filter((path) => !exists(path)).map((path) => `${name} names ${path}, which does not exist`);
    });
    expect(unchecked).toEqual([]);
  });
});

interface Edge {
  path: string;
  from: string;
  to: string;
}

/** Which library imports which, with the file that does. Specs are free: they look at their library from outside. */
function edges(): Edge[] {
  return production.flatMap((source) => {
    const named = source.imports.filter((name) => name.startsWith('#')).map(libraryNamed);
    const entered = relativeImports(source).map(libraryOf);
    const from = libraryOf(source.path);
    return [...named, ...entered].map((to) => ({ path: source.path, from, to })).filter(({ to }) => to !== from);
  });
}

function tableAllows(from: string, to: string): boolean {
  return Object.entries(mayImport).some(
    ([line, targets]) => matches(from, line) && targets.some((target) => matches(to, target)),
  );
}

function isException(edge: { from: string; to: string }): boolean {
  return exceptions.some(({ from, to }) => from === edge.from && to === edge.to);
}

/** `libs/members`, `libs/platform/http`, `apps/api`, `migrations`: the unit that has a door and a line in the table. */
function libraryOf(path: string): string {
  return /^(?:libs\/platform\/[^/]+|(?:libs|apps)\/[^/]+|[^/]+)/.exec(path)?.[0] ?? path;
}

function libraryNamed(name: string): string {
  if (name === '#app') return 'apps/api';
  return name === '#migrations' ? 'migrations' : name.replace('#', 'libs/');
}

function doorOf(library: string): string {
  return library.startsWith('libs/platform/') ? `${library}/index.ts` : `${library}/src/index.ts`;
}

function relativeImports({ path, imports }: Source): string[] {
  return imports.filter((name) => name.startsWith('.')).map((name) => resolveImport(path, name));
}

/** The npm packages a source imports, without the paths inside them; Node's own modules are none. */
function packagesOf({ imports }: Source): string[] {
  return imports
    .filter((name) => !/^[.#]|^node:/.test(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

function imports(source: Source, pattern: string): boolean {
  return packagesOf(source).some((name) => matches(name, pattern));
}

function isTest(path: string): boolean {
  return /\.(spec|factory)\.ts$|^(apps\/[^/]+\/)?test\//.test(path);
}

function matches(name: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '[^/]+')}$`).test(name);
}

function graphOf(pairs: readonly (readonly [string, string])[]): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of pairs) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  return graph;
}

/** The first cycle that is met, as the way round it; empty where there is none. */
function cycleIn(graph: Map<string, Set<string>>): string[] {
  const done = new Set<string>();
  const follow = (node: string, way: string[]): string[] => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (done.has(node)) return [];
    for (const next of graph.get(node) ?? []) {
      const cycle = follow(next, [...way, node]);
      if (cycle.length > 0) return cycle;
    }
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const cycle = follow(node, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
