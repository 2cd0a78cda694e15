import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
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
  await alone('install', async () => {
    if (isInstalled()) return;
    // An install that fails or is interrupted leaves some packages behind, and must not pass for whole.
    for (const claim of [installStamp, installedVersions]) rmSync(claim, { force: true });
    // The build needs the development dependencies, also where NODE_ENV=production would omit them.
    await run('Installing the dependencies', ...npm(), 'ci', '--no-audit', '--no-fund', '--include=dev');
    writeFileSync(installStamp, installFingerprint());
  });
}

/** Brings dist to what the sources say. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await alone('build', async () => {
    if (isBuilt()) return;
    // Taken before the build: what is edited meanwhile belongs to the next one.
    const fingerprint = sourceFingerprint();
    // The compiler would take its own notes for the missing files.
    if (!existsSync(compiled('api'))) rmSync(join(dist, '.tsbuildinfo'), { force: true });
    rmSync(buildStamp, { force: true });
    await run('Building', process.execPath, join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build');
    writeFileSync(buildStamp, fingerprint);
  });
}

/** Runs a compiled application in this very process, so that signals, exit codes and kill -9 need no forwarding. */
export async function runCompiled(app) {
  // Also the program that worker processes are started with.
  process.argv[1] = compiled(app);
  // On Node 20 the AWS SDK warns at length of its versions from 2027 on. Ours is the one in package-lock.json, so this
  // concerns who updates it, not who starts it (https://github.com/aws/aws-sdk-js-v3/issues/7983).
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
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

/**
 * Runs a command to its end and says what is being done, and how long it took. What the command says is shown when it
 * fails, all of it: where it succeeds, npm warns of what no user can change.
 */
async function run(what, command, ...args) {
  const began = performance.now();
  const seconds = () => `${Math.round((performance.now() - began) / 1000)} s`;
  const isTerminal = process.stderr.isTTY && process.env.TERM !== 'dumb';
  // A group of its own, so that a signal reaches everything that the command has started, and once.
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const interrupted = endedBySignals(child);

  const show = () => process.stderr.write(`\r${what} … ${seconds()}`);
  if (!isTerminal) say(`${what} …`);
  const ticking = isTerminal ? setInterval(show, 1000) : undefined;
  if (isTerminal) show();

  let failure;
  child.on('error', (error) => (failure = error.message));
  const [status, signal] = await once(child, 'close').catch(() => [null, null]);
  clearInterval(ticking);
  if (isTerminal) process.stderr.write('\n');

  const stoppedBy = interrupted();
  if (stoppedBy) process.exit(128 + constants.signals[stoppedBy]);
  if (status === 0) {
    if (!isTerminal) say(`${what} took ${seconds()}.`);
    return;
  }
  process.stderr.write(Buffer.concat(output));
  say(`IP2A cannot start: ${basename(command)} ${args.join(' ')} failed (${failure ?? signal ?? status}).`);
  process.exit(status || 1);
}

/**
 * Kills the child and everything that it has started when a signal comes that ends this process, until the returned
 * function is called: it answers the signal that came, if any. npm itself would go on to the end of an install first,
 * and an install that was cut off is done again from the beginning.
 */
function endedBySignals(child) {
  let received;
  const end = (signal) => {
    received = signal;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      // It has ended meanwhile.
      if (error.code !== 'ESRCH') throw error;
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
    return received;
  };
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
  await work();
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
