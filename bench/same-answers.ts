import { Random } from '#kernel';
import { callsOf, type CaseName } from './calls';
import { oneOff, staffToken } from './ours';
import type { Server, Stage } from './stage';

/** Throws unless both servers answer the same call with the same fields, so that neither is faster by showing less. */
export async function mustAnswerAlike(name: CaseName, { ours, bare, sample }: Stage): Promise<void> {
  const token = await staffToken(ours.url);
  const { method, path, body } = callsOf(name, sample, { random: new Random(0), number: 0 })();
  const headers = {
    ...oneOff,
    authorization: `Bearer ${token}`,
    ...(body ? { 'content-type': 'application/json' } : {}),
  };
  const ask = async ({ url, name: server }: Server) => {
    const response = await fetch(url + path, { method, body, headers });
    if (!response.ok)
      throw new Error(`${method} ${path} on ${server} answered ${response.status}: ${await response.text()}`);
    return shapeOf(await response.json());
  };
  const [one, other] = [await ask(ours), await ask(bare)];
  if (one !== other) throw new Error(`${method} ${path}: ours answers ${one}, bare answers ${other}.`);
}

/** The names of all fields and the lengths of all lists, in one text. */
function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} × ${shapeOf(value[0])}`;
  if (typeof value !== 'object' || value === null) return '';
  const fields = Object.entries(value).map(([name, field]) => `${name} ${shapeOf(field)}`.trim());
  return `{ ${fields.sort().join(', ')} }`;
}
