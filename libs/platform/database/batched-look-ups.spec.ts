import { BatchedLookUps } from './batched-look-ups';

/** Look-ups whose batches the spec answers one by one. */
function lookUps() {
  const batches: { keys: string[]; answer: (values: Record<string, number>) => void; fail: (error: Error) => void }[] =
    [];
  const find = (keys: string[]) =>
    new Promise<Map<string, number>>((resolve, reject) => {
      batches.push({ keys, answer: (values) => resolve(new Map(Object.entries(values))), fail: reject });
    });
  return { batches, values: new BatchedLookUps(find) };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('look-ups', () => {
  it('that come together share one statement, each key asked for once', async () => {
    const { batches, values } = lookUps();
    const asked = ['a', 'b', 'a'].map((key) => values.get(key));
    await turn();
    batches[0]?.answer({ a: 1 });
    expect(await Promise.all(asked)).toEqual([1, undefined, 1]);
    expect(batches.map(({ keys }) => keys)).toEqual([['a', 'b']]);
  });

  it('that come while a batch runs wait for the next, so that nobody gets an answer from before', async () => {
    const { batches, values } = lookUps();
    const early = values.get('a');
    await turn();
    const late = [values.get('a'), values.get('c')];
    await turn();
    expect(batches).toHaveLength(1);
    batches[0]?.answer({ a: 1 });
    expect(await early).toBe(1);
    await turn();
    batches[1]?.answer({ a: 2, c: 3 });
    expect([batches[1]?.keys, await Promise.all(late)]).toEqual([
      ['a', 'c'],
      [2, 3],
    ]);
  });

  it('share their failure with those who wait, and not with those who come later', async () => {
    const { batches, values } = lookUps();
    const asked = [values.get('a')];
    await turn();
    asked.push(values.get('b'));
    batches[0]?.fail(new Error('away'));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = values.get('b');
    await turn();
    batches[1]?.answer({ b: 2 });
    expect(await later).toBe(2);
  });

  it('are at most two hundred keys a statement', async () => {
    const { batches, values } = lookUps();
    const asked = Array.from({ length: 450 }, (_, key) => values.get(String(key)));
    for (let batch = 0; batch < 3; batch += 1) {
      await turn();
      batches[batch]?.answer({});
    }
    await Promise.all(asked);
    expect(batches.map(({ keys }) => keys.length)).toEqual([200, 200, 50]);
  });
});
