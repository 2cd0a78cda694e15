import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '#platform/config';
import type { Actor } from '#platform/context';
import { aContext, anActor, codeOf, unconnected } from '../../../test/support/unconnected';
import { Idempotency } from './idempotency';

const folder = mkdtempSync(join(tmpdir(), 'ip2a-idempotency-'));
afterAll(() => rmSync(folder, { recursive: true }));

function configWith(byte: number): Config {
  const file = join(folder, `${byte}.key`);
  writeFileSync(file, Buffer.alloc(32, byte));
  return { SECRETS_KEY_FILE: file } as Config;
}

/** Keys in memory, as the table keeps them: by user, operation and key. */
function keys(config = configWith(1)) {
  const kept = new Map<string, object>();
  const { database, sent } = unconnected([], (sql, values) => {
    const name = JSON.stringify(values.slice(0, 3));
    if (sql.startsWith('INSERT')) kept.set(name, { request_hash: values[3], record_id: values[4] });
    const row = kept.get(name);
    return sql.startsWith('SELECT request_hash') && row ? [row] : [];
  });
  return { idempotency: new Idempotency(database, config), sent };
}

const contextWith = (idempotencyKey?: string, actor: Actor = anActor('staff'), route = 'members:create') =>
  aContext(actor, { idempotencyKey, route });

describe('a request with an idempotency key', () => {
  it('finds the record that the same request created', async () => {
    const { idempotency } = keys();
    const request = { name: 'Ann', password: 'correct horse' };
    expect(await idempotency.earlier(contextWith('k'), request)).toBeUndefined();
    await idempotency.keep(contextWith('k'), request, 5);
    expect(await idempotency.earlier(contextWith('k'), { ...request })).toBe(5);
  });

  it.each<[string, Parameters<typeof contextWith>, object, string | undefined]>([
    ['of another body', ['k'], { name: 'Bob' }, 'idempotency.key-reused'],
    ['with another key', ['l'], { name: 'Ann' }, undefined],
    ['of another user', ['k', anActor('staff', { userId: 8 })], { name: 'Ann' }, undefined],
    ['for another operation', ['k', anActor('staff'), 'students:create'], { name: 'Ann' }, undefined],
  ])('%s does not', async (_which, context, request, code) => {
    const { idempotency } = keys();
    await idempotency.keep(contextWith('k'), { name: 'Ann' }, 5);
    const found: (number | undefined)[] = [];
    const look = async () => void found.push(await idempotency.earlier(contextWith(...context), request));
    expect([await codeOf(look), found]).toEqual(code ? [code, []] : ['fine', [undefined]]);
  });

  it('waits for another with the same key before it looks, for a day', async () => {
    const { idempotency, sent } = keys();
    await idempotency.earlier(contextWith('k'), {});
    expect(sent[0]).toEqual({
      sql: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
      values: ['7 members:create k'],
    });
    expect(sent[1]?.sql).toContain(`AND created_at > now() - interval '24 hours'`);
  });

  it('keeps no more of itself than a hash under a key of ours', async () => {
    const hashes = await Promise.all(
      [1, 2].map(async (byte) => {
        const { idempotency, sent } = keys(configWith(byte));
        await idempotency.keep(contextWith('k'), { password: 'correct horse' }, 5);
        return sent[0]?.values[3];
      }),
    );
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it.each([
    ['a', 'fine'],
    ['~'.repeat(255), 'fine'],
    ['~'.repeat(256), 'request.malformed'],
    ['', 'request.malformed'],
    ['a b', 'request.malformed'],
    ['é', 'request.malformed'],
    ['a\n', 'request.malformed'],
  ])('%j: %s', async (key, code) => {
    const { idempotency, sent } = keys();
    expect(await codeOf(() => idempotency.earlier(contextWith(key), {}))).toBe(code);
    expect(sent).toHaveLength(code === 'fine' ? 2 : 0);
  });
});

it.each<[string, string | undefined, Actor]>([
  ['without a key', undefined, anActor('staff')],
  ['of the program itself', 'k', anActor('admin', { userId: null })],
])('a request %s leaves nothing behind', async (_which, key, actor) => {
  const { idempotency, sent } = keys();
  const context = contextWith(key, actor);
  expect(await idempotency.earlier(context, {})).toBeUndefined();
  await idempotency.keep(context, {}, 5);
  expect(sent).toEqual([]);
});
