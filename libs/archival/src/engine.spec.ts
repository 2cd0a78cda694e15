import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, EngineEnded, EngineError } from './engine';

const folder = mkdtempSync(join(tmpdir(), 'ip2a-engine-'));
let engine: Engine;
beforeEach(async () => {
  engine = await Engine.start([folder], { memory: 128 });
});
afterEach(() => engine.stop());
afterAll(() => rmSync(folder, { recursive: true }));

const long = 'SELECT sum(a.range * b.range) AS n FROM range(10000000) a, range(10000000) b';

it('a statement that fails ends no other', async () => {
  const outcomes = await Promise.allSettled([
    engine.rows('SELECT 1 AS n'),
    engine.rows('SELECT $1::TIMESTAMPTZ AS at', ['yesterday']),
    engine.rows('SELECT no such thing'),
    engine.rows('SELECT 2 AS n'),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect([engine.hasEnded, await engine.rows('SELECT 3 AS n')]).toEqual([false, [{ n: 3 }]]);
});

it('one that takes too long ends the engine, and tells those that wait to ask another', async () => {
  const asked = [engine.rows(long, [], 300), engine.rows('SELECT 1 AS n', [], 60_000)];
  const outcomes = await Promise.allSettled(asked);
  const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as unknown) : undefined));
  expect(reasons.map((reason) => [reason instanceof EngineError, reason instanceof EngineEnded])).toEqual([
    [true, false],
    [true, true],
  ]);
});
