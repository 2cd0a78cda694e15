import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Runs before anything is installed, so it uses nothing but Node. All chatter goes to stderr. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const lockedVersions = join(root, 'package-lock.json');
const installedVersions = join(root, 'node_modules', '.package-lock.json');
const installStamp = join(root, 'node_modules', '.ip2a-installed');
const dist = join(root, 'dist');
const buildStamp = join(dist, '.built');
const configurationExit = 78;
const halfAnHourMs = 1_800_000;

/** Brings node_modules to what package-lock.json says; a plain `npm ci` of the user's is accepted as it is. */
export async function ensureInstalled() {
  refuseOldNode();
  if (isInstalled()) return;
  await alone('install', () => {
    if (isInstalled()) return;
    say('Installing the dependencies …');
    // The build needs the development dependencies, also where NODE_ENV=production would omit them.
    run(...npm(), 'ci', '--no-audit', '--no-fund', '--include=dev');
    writeFileSync(installStamp, installFingerprint());
  });
}

/** Brings dist to what the sources say. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await alone('build', () => {
    if (isBuilt()) return;
    say('Building …');
    // Taken before the build: what is edited meanwhile belongs to the next one.
    const fingerprint = sourceFingerprint();
    // The compiler would take its own notes for the missing files.
    if (!existsSync(compiled('api'))) rmSync(join(dist, '.tsbuildinfo'), { force: true });
    run(process.execPath, join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build');
    writeFileSync(buildStamp, fingerprint);
  });
}

/** Runs a compiled application in this very process, so that signals, exit codes and kill -9 need no forwarding. */
export async function runCompiled(app) {
  // Also the program that worker processes are started with.
  process.argv[1] = compiled(app);
  await import(pathToFileURL(compiled(app)));
}

function compiled(app) {
  return join(dist, 'apps', app, 'src', 'main.js');
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  say(`IP2A needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(configurationExit);
}

function isInstalled() {
  if (!existsSync(installedVersions)) return false;
  const fingerprint = installFingerprint();
  if (read(installStamp) === fingerprint) return true;
  const wanted = JSON.parse(readFileSync(lockedVersions, 'utf8')).packages;
  const present = JSON.parse(readFileSync(installedVersions, 'utf8')).packages;
  for (const [path, { version, optional, devOptional }] of Object.entries(wanted)) {
    // The first entry is this project itself; optional packages may be for another platform.
    if (path === '' || (present[path] === undefined && (optional || devOptional))) continue;
    if (present[path]?.version !== version) return false;
  }
  tryWriting(installStamp, fingerprint);
  return true;
}

/** Both lists, because either can change without the other: by a checkout, or by another install. */
function installFingerprint() {
  return hash(readFileSync(lockedVersions), readFileSync(installedVersions));
}

function isBuilt() {
  return existsSync(compiled('api')) && read(buildStamp) === sourceFingerprint();
}

/** By content, so that neither a checkout nor a copy of the tree costs a build, and a deleted file is noticed. */
function sourceFingerprint() {
  const folders = ['apps', 'libs', 'migrations', 'bench'].filter((folder) => existsSync(join(root, folder)));
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package.json', 'package-lock.json'];
  const files = [...folders.flatMap(sourcesIn).sort(), ...settings];
  return hash(...files.flatMap((file) => [file, readFileSync(join(root, file))]));
}

/** Without the files that tsconfig.build.json leaves out, so that editing a test does not cost a build. */
function sourcesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return path === join('apps', 'api', 'test') ? [] : sourcesIn(path);
    return /\.ts$/.test(path) && !/\.(spec|factory)\.ts$/.test(path) ? [path] : [];
  });
}

function hash(...parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

function npm() {
  // Under `npm start` the very npm that started us.
  const { npm_execpath: path = '' } = process.env;
  return basename(path) === 'npm-cli.js' ? [process.execPath, path] : ['npm'];
}

function run(command, ...args) {
  // Its output goes to stderr, because stdout belongs to the command that is to run afterwards.
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  say(`IP2A can not start: ${basename(command)} ${args.join(' ')} failed (${error?.message ?? signal ?? status}).`);
  process.exit(status || 1);
}

/** One process at a time; the others wait, and then find the work done. */
async function alone(what, work) {
  const lock = join(dist, `.${what}-lock`);
  const release = () => rmSync(lock, { force: true });
  mkdirSync(dist, { recursive: true });
  for (let tries = 0; !takeLock(lock); tries++) {
    if (tries === 0) say(`Waiting for the ${what} of another IP2A (pid ${read(lock)}) …`);
    await sleep(200);
  }
  process.once('exit', release);
  work();
  process.off('exit', release);
  release();
}

/** Linked into place, so that a lock is never seen without its owner's number in it. */
function takeLock(lock) {
  const draft = `${lock}-${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    if (isAbandoned(lock)) rmSync(lock, { force: true });
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft);
  }
}

/** Left by a process that was killed; after half an hour its number may be another's. */
function isAbandoned(lock) {
  const owner = Number(read(lock));
  if (!owner) return false;
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return age > halfAnHourMs || !isRunning(owner);
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The stamp only saves time; where node_modules belongs to somebody else there is none. */
function tryWriting(path, text) {
  try {
    writeFileSync(path, text);
  } catch {
    return;
  }
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
