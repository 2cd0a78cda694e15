import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { until } from '../support/load';
import { isAlive } from '../support/processes';
import { root } from '../support/sources';

/** Stands for npm and for the compiler: says what both say on success and failure, and leaves what a success leaves. */
const tool = `
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
console.log('added 1 package');
console.error('npm warn EBADENGINE Unsupported engine');
if (process.env.TOOL === 'fails') {
  console.log('the last words on stdout');
  console.error('npm error the reason');
  process.exit(7);
}
if (process.env.TOOL === 'waits') {
  // npm, too, goes on with an install that it is asked to end.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
  const script = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
  writeFileSync('script.pid', String(script.pid));
  while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20));
  script.kill();
}
mkdirSync(dirname(made), { recursive: true });
writeFileSync(made, content);
`;
const locked = JSON.stringify({ packages: { '': {}, 'node_modules/one': { version: '1.0.0' } } });
const compiler = 'node_modules/@nestjs/cli/bin/nest.js';
const installStamp = 'node_modules/.ip2a-installed';

const installed = /^Installing the dependencies …\nInstalling the dependencies took \d+ s\.\n$/;
const built = /^Building …\nBuilding took \d+ s\.\n$/;

let folder: string;
const programs: ChildProcessWithoutNullStreams[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ip2a-ensure-'));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(join(root, 'bin/ensure.mjs'), join(folder, 'bin/ensure.mjs'));
  for (const file of ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package.json']) write(file, '{}');
  write('package-lock.json', locked);
  write('npm-cli.js', toolThatMakes('node_modules/.package-lock.json', locked));
  write(compiler, toolThatMakes('dist/apps/api/src/main.js', ''));
});

afterEach(() => {
  for (const program of programs.splice(0)) program.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const has = (path: string) => existsSync(join(folder, path));

/** The tool, which is asked for `npm ci` or `nest build` and knows by itself what that makes. */
function toolThatMakes(path: string, content: string): string {
  const made = JSON.stringify([path, content]);
  return `const [made, content] = ${made};${tool}`;
}

/** Does a step as `npm start` does it, and says on stdout that it is done. */
function begin(
  step: 'ensureInstalled' | 'ensureBuilt',
  how: 'succeeds' | 'fails' | 'waits',
  { isTerminal = false } = {},
) {
  const program = `
    import { ${step} } from './bin/ensure.mjs';
    process.stderr.isTTY = ${isTerminal};
    await ${step}();
    console.log('done');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: folder,
    env: { ...process.env, TOOL: how, TERM: 'xterm', npm_execpath: join(folder, 'npm-cli.js') },
  });
  programs.push(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number, ...said }));
  return { child, said, ended };
}

describe.each([
  ['an install', 'ensureInstalled', installed, installStamp],
  ['a build', 'ensureBuilt', built, 'dist/.built'],
] as const)('%s', (_name, step, success, stamp) => {
  it('says that it is done and how long it took, and nothing more; the next start says nothing', async () => {
    expect(await begin(step, 'succeeds').ended).toEqual({
      status: 0,
      stdout: 'done\n',
      stderr: expect.stringMatching(success) as string,
    });
    expect(await begin(step, 'succeeds').ended).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
  });

  it('shows everything where it fails, ends with its exit code, and is tried again', async () => {
    const { status, stdout, stderr } = await begin(step, 'fails').ended;
    expect([status, stdout]).toEqual([7, '']);
    for (const line of [
      'added 1 package',
      'npm warn EBADENGINE Unsupported engine',
      'the last words on stdout',
      'npm error the reason',
    ]) {
      expect(stderr).toContain(`${line}\n`);
    }
    expect(stderr).toMatch(/^IP2A cannot start: .* failed \(7\)\.$/m);
    expect(has(stamp)).toBe(false);
    expect((await begin(step, 'succeeds').ended).stderr).toMatch(success);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'that is interrupted (%s) ends with all that it started, and is tried again',
    async (signal) => {
      const { child, ended } = begin(step, 'waits');
      await until(() => has('script.pid'));
      const script = Number(readFileSync(join(folder, 'script.pid'), 'utf8'));
      child.kill(signal);
      const { status, stdout } = await ended;
      expect([status, stdout]).toEqual([{ SIGINT: 130, SIGTERM: 143 }[signal], '']);
      await until(() => !isAlive(script));
      expect(has(stamp)).toBe(false);
      expect((await begin(step, 'succeeds').ended).stderr).toMatch(success);
    },
  );

  it('counts the seconds on a terminal', async () => {
    const { said, ended } = begin(step, 'waits', { isTerminal: true });
    await until(() => said.stderr.includes('… 1 s'));
    write('go', '');
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^\r(\w+ ?)+ … 0 s\r(\w+ ?)+ … 1 s[^\n]*\n$/)]);
  });
});

it('an install that is interrupted does not pass for whole because an earlier one left its list', async () => {
  await begin('ensureInstalled', 'succeeds').ended;
  rmSync(join(folder, installStamp));
  write('package-lock.json', locked.replace('1.0.0', '2.0.0'));
  const { child, ended } = begin('ensureInstalled', 'waits');
  await until(() => has('script.pid'));
  child.kill('SIGINT');
  await ended;
  write('package-lock.json', locked);
  expect((await begin('ensureInstalled', 'succeeds').ended).stderr).toMatch(installed);
});

it('of two starts at once one installs, and the other waits for it', async () => {
  const both = [begin('ensureInstalled', 'waits')];
  await until(() => has('script.pid'));
  both.push(begin('ensureInstalled', 'fails'));
  await until(() => both[1]?.said.stderr.includes('Waiting for the install') ?? false);
  write('go', '');
  const [first, second] = await Promise.all(both.map(({ ended }) => ended));
  expect([first?.status, second?.status]).toEqual([0, 0]);
  expect(second?.stderr).toMatch(/^Waiting for the install of another IP2A \(pid \d+\) …\n$/);
});
