import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

/** What of the soak is done, for the next run to go on from. */
const stateFile = join(root, '.data', 'soak.json');

await ensureInstalled();
await ensureBuilt();
process.chdir(root);

const wanted = process.argv.slice(2);
const specs = soakSpecs().filter((spec) => wanted.length === 0 || wanted.some((part) => spec.includes(part)));
if (specs.length === 0) {
  process.stderr.write(`No spec of the soak has ${wanted.join(' or ')} in its path.\n`);
  process.exit(2);
}

// An interrupt reaches Jest as well, which ends the spec; what was done before stays noted.
let isInterrupted = false;
process.on('SIGINT', () => (isInterrupted = true));

const version = versionOfTheSources();
const passed = readPassed();
for (const [index, spec] of specs.entries()) {
  const place = `[${index + 1}/${specs.length}] ${spec}`;
  if (passed[spec] !== undefined) {
    process.stdout.write(`${place}: passed before, in ${passed[spec]} s\n`);
    continue;
  }
  process.stdout.write(`${place} …\n`);
  const begun = performance.now();
  const isPassed = await run(spec);
  if (isInterrupted) {
    process.stdout.write('Interrupted. npm run test:soak goes on with this spec.\n');
    process.exit(130);
  }
  if (!isPassed) continue;
  passed[spec] = Math.round((performance.now() - begun) / 1000);
  writePassed();
}
const failed = specs.filter((spec) => passed[spec] === undefined);
for (const spec of specs)
  process.stdout.write(`${spec}: ${passed[spec] === undefined ? 'FAILED' : `${passed[spec]} s`}\n`);
process.stdout.write(`${specs.length - failed.length} of ${specs.length} specs passed.\n`);
process.exit(failed.length === 0 ? 0 : 1);

/** The specs whose counts are larger in a soak: those that import test/support/soak. */
function soakSpecs() {
  return ['apps', 'libs', 'test']
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.spec.ts') && /from '[./]*support\/soak'/.test(readFileSync(path, 'utf8')))
    .sort();
}

function run(spec) {
  const jest = join('node_modules', 'jest', 'bin', 'jest.js');
  const reporters = ['--reporters=default', '--reporters=<rootDir>/test/support/jest/progress-reporter.mjs'];
  const options = ['--conditions=ip2a-source', jest, '--runInBand', '--runTestsByPath', spec, ...reporters];
  const child = spawn(process.execPath, options, { stdio: 'inherit', env: { ...process.env, IP2A_SOAK: '1' } });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)));
}

/** Another commit or other counts begin from the start; so does an edited file. */
function versionOfTheSources() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
  const edited = git('status', '--porcelain', '--', 'apps', 'libs', 'migrations', 'test');
  return [git('rev-parse', 'HEAD').trim(), edited, process.env.SOAK_FACTOR ?? '1', process.version].join('\n');
}

function readPassed() {
  try {
    const state = JSON.parse(readFileSync(stateFile, 'utf8'));
    return state.version === version ? state.passed : {};
  } catch {
    return {};
  }
}

function writePassed() {
  mkdirSync(dirname(stateFile), { recursive: true });
  writeFileSync(stateFile, `${JSON.stringify({ version, passed }, undefined, 2)}\n`);
}
