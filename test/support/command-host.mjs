import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const require = createRequire(import.meta.url);
const entryPoint = resolve('dist/apps/cli/src/main.js');
let running = false;

process.on('message', ({ args, env }) => {
  running = true;
  process.channel.unref();
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, entryPoint, ...args];
  process.exitCode = undefined;
  delete require.cache[entryPoint];
  require(entryPoint);
});

/** A command has ended when nothing keeps its process alive. Both outputs then get the exit status as a mark. */
process.on('beforeExit', () => {
  if (!running) return;
  running = false;
  process.channel.ref();
  const mark = `\0${process.exitCode ?? 0}\0`;
  process.stdout.write(mark);
  process.stderr.write(mark);
});
