import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type LocalApi } from '../support/harness';
import { namesIn, read, root } from '../support/sources';

const folder = 'docker/prometheus';
const names = namesIn(`${folder}/rules`).filter((name) => name.endsWith('.yml'));
const tests = names.filter((name) => name.endsWith('_test.yml'));
const rules = names.filter((name) => !tests.includes(name));
const textOfRules = rules.map((name) => read(`${folder}/rules/${name}`)).join('\n');
const textOfTests = tests.map((name) => read(`${folder}/rules/${name}`)).join('\n');
const alerts = textOfRules.split(/^ {6}- (?=alert: |record: )/m).filter((text) => text.startsWith('alert: '));

const dashboards = ['operator', 'auditor'].map((name) => ({
  name,
  board: JSON.parse(read(`docker/grafana/dashboards/${name}.json`)) as Board,
}));
const queries = dashboards.flatMap(({ name, board }) =>
  board.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: `${name}: ${title}`, expr }))),
);

interface Board {
  uid: string;
  panels: { id: number; title: string; datasource: { uid: string }; targets: { expr: string }[] }[];
}

/** Metrics that the rules and dashboards name and the API does not expose. One that it does expose must go. */
const notExposed = [
  { metric: 'node_filesystem_avail_bytes', because: 'it is of node_exporter, where there is one' },
  { metric: 'node_filesystem_size_bytes', because: 'it is of node_exporter, where there is one' },
];

const hasProgram = (program: string) => spawnSync(program, ['--version']).status === 0;
/** `it` where a program is installed; elsewhere the test counts as skipped, and its name says why. */
const itWith = (program: string) =>
  hasProgram(program) ? it : (name: string, test: () => void) => it.skip(`${name} (${program} is not installed)`, test);

/** What a program says of something that is wrong; empty where it finds nothing. */
function complaintsOf(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}

describe('Prometheus', () => {
  itWith('promtool')('can read its configuration and the rules', () => {
    expect(complaintsOf('promtool', 'check', 'config', `${folder}/prometheus.yml`)).toBe('');
    expect(complaintsOf('promtool', 'check', 'rules', ...rules.map((name) => `${folder}/rules/${name}`))).toBe('');
  });

  itWith('promtool')('raises each alert when it should, and not otherwise', () => {
    expect(complaintsOf('promtool', 'test', 'rules', ...tests.map((name) => `${folder}/rules/${name}`))).toBe('');
  });

  itWith('amtool')('can tell somebody', () => {
    expect(complaintsOf('amtool', 'check-config', `${folder}/alertmanager.yml`)).toBe('');
  });

  it('is given every file of rules, and each has its tests', () => {
    const given = [...read(`${folder}/prometheus.yml`).matchAll(/^ {2}- rules\/(\S+)$/gm)].map(([, name]) => name);
    expect(given.sort()).toEqual(rules);
    expect(tests).toEqual(rules.map((name) => name.replace('.yml', '_test.yml')).sort());
  });
});

describe('every alert', () => {
  const nameOf = (alert: string) => /^alert: (\w+)$/m.exec(alert)?.[1] ?? alert;

  it('has a severity, a summary, and a section of the guide that says what to do', () => {
    const sections = [...read('docs/operators-guide.md').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    const isWhole = (alert: string) => {
      const [, section = ''] = /^ +runbook: docs\/operators-guide\.md#(\S+)$/m.exec(alert) ?? [];
      const isLabelled = /^ +severity: (critical|warning|notice)$/m.test(alert) && /^ +summary: \S/m.test(alert);
      return isLabelled && sections.includes(section);
    };
    expect(alerts.length).toBeGreaterThan(20);
    expect(alerts.filter((alert) => !isWhole(alert))).toEqual([]);
  });

  it('is tested: it is raised once, and once it is not', () => {
    const cases = textOfTests.split(/(?=eval_time: )/);
    const untested = [...new Set(alerts.map(nameOf))].filter((name) => {
      const own = cases.filter((text) => new RegExp(`alertname: ${name}\\b`).test(text));
      const raised = own.filter((text) => text.includes('exp_alerts:'));
      return raised.length === 0 || raised.length === own.length;
    });
    expect(untested).toEqual([]);
  });
});

describe('dashboards', () => {
  it('have an id for each panel, and the data source that is provisioned', () => {
    const { uid } = /^ +uid: (?<uid>\S+)$/m.exec(read('docker/grafana/provisioning/datasources/prometheus.yml'))!
      .groups as { uid: string };
    for (const { name, board } of dashboards) {
      expect(board.uid).toBe(`ip2a-${name}`);
      expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
      expect(new Set(board.panels.map(({ datasource }) => datasource.uid))).toEqual(new Set([uid]));
    }
  });

  itWith('promtool')('ask what Prometheus understands', () => {
    const temporary = mkdtempSync(join(tmpdir(), 'ip2a-dashboards-'));
    const file = join(temporary, 'queries.yml');
    const recorded = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboards', rules: recorded }] }));
    try {
      expect(complaintsOf('promtool', 'check', 'rules', file)).toBe('');
    } finally {
      rmSync(temporary, { recursive: true });
    }
  });
});

describe('what is asked for', () => {
  let api: LocalApi;
  let exposed: string[];

  beforeAll(async () => {
    api = await startApi();
    await api.anonymous.get('/../../health/live');
    exposed = samplesOf((await api.anonymous.get('/../../metrics')).text);
  });
  afterAll(() => api.close());

  it('is exposed by the running API', () => {
    const excused = notExposed.map(({ metric }) => metric);
    const recorded = [...textOfRules.matchAll(/^ +- record: (\S+)$/gm)].map(([, name = '']) => name);
    const asked = [textOfRules, ...queries.map(({ expr }) => expr)].flatMap(metricsIn);
    const known = [...exposed, ...recorded];
    expect(asked.length).toBeGreaterThan(40);
    expect([...new Set(asked)].filter((name) => !known.includes(name)).sort()).toEqual([...excused].sort());
  });

  it('are numbers, from a database that answers', async () => {
    const text = (await api.anonymous.get('/../../metrics')).text;
    const gauges = [
      'audit_partition_months_ahead',
      'audit_weaknesses',
      'ledger_unsealed_seconds',
      'database_pool_size',
    ];
    const values = gauges.map((name) => Number(new RegExp(`^ip2a_${name} (\\S+)$`, 'm').exec(text)?.[1]));
    expect(values).toEqual([expect.any(Number), 0, expect.any(Number), 20]);
    expect(values[0]).toBeGreaterThan(1);
    expect(values[2]).toBeLessThan(60);
  });
});

/** The names of the samples that a page of metrics holds. */
function samplesOf(page: string): string[] {
  const types = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return types.flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
  );
}

/** The metrics that an expression names: those of IP2A, of its process, of Node, and of the machine. */
function metricsIn(text: string): string[] {
  return text.match(/(?<![\w#/-])(?:ip2a|process|nodejs|node)[_:][a-z0-9_:]+/g) ?? [];
}
