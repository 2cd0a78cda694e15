import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Copies a folder of configuration and fills in `${NAME}` from the values given. Throws where one is missing, or could break out of
 * the quotes it stands in. Both compose.yaml and the native topology make their configuration with this.
 */
export function render(from, to, values) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (statSync(source).isDirectory()) {
      render(source, target, values);
      continue;
    }
    const filled = readFileSync(source, 'utf8').replaceAll(/\$\{([A-Z0-9_]+)\}/g, (_, variable) => {
      const value = values[variable];
      if (value === undefined || value === '') throw new Error(`${source}: ${variable} is not set`);
      if (/['"\\\n]/.test(value)) throw new Error(`${source}: ${variable} holds a quote, a backslash or a line's end`);
      return value;
    });
    writeFileSync(target, filled);
    // Some hold passwords.
    chmodSync(target, 0o600);
  }
}

/** `NAME_FILE` names a file that holds NAME, as secrets of compose do. */
function valuesOf(environment) {
  const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
  const secrets = files.map(([name, file]) => [name.slice(0, -'_FILE'.length), readFileSync(file, 'utf8').trim()]);
  return { ...environment, ...Object.fromEntries(secrets) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [from, to] = process.argv.slice(2);
  render(from, to, valuesOf(process.env));
}
