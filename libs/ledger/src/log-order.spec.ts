import type { EntryPlace } from '#audit';
import { Random } from '#kernel';
import { inLogOrder, type LineSource } from './log-order';

const lineOf = ({ txid, id }: EntryPlace) => Buffer.from(`ip2a-entry/1\t${id}\t2026-01-01 00:00:00+00\tREAD\t${txid}`);
const opened: string[] = [];

function source(name: string, places: EntryPlace[], { isKnown = true, batch = 3 } = {}): LineSource {
  return {
    first: isKnown ? places[0] : undefined,
    async *lines() {
      opened.push(name);
      for (let from = 0; from < places.length; from += batch) {
        yield await Promise.resolve(places.slice(from, from + batch).map(lineOf));
      }
    },
  };
}

async function all(sources: LineSource[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of inLogOrder(sources)) lines.push(...some.map(String));
  return lines;
}

const place = (txid: number, id: number): EntryPlace => ({ txid: String(txid), id: String(id) });
const run = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => place(from + index, 9 * (from + index)));

beforeEach(() => (opened.length = 0));

it('goes through sources that follow one another, opening each in its turn', async () => {
  const [one, two, three] = [run(1, 8), run(9, 95), run(104, 7)];
  const sources = [source('three', three, { isKnown: false }), source('two', two), source('one', one)];
  expect(await all(sources)).toEqual([...one, ...two, ...three].map((at) => String(lineOf(at))));
  // What is not known to begin later is looked at first.
  expect(opened).toEqual(['three', 'one', 'two']);
});

it('keeps the order where they overlap, whatever their batches', async () => {
  const random = new Random(7);
  for (let round = 0; round < 200; round += 1) {
    const places = run(95, random.between(1, 60));
    const parts: EntryPlace[][] = Array.from({ length: random.between(1, 4) }, () => []);
    for (const at of places) random.pick(parts).push(at);
    const sources = parts
      .filter((part) => part.length > 0)
      .map((part, index) =>
        source(String(index), part, { isKnown: random.between(0, 2) > 0, batch: random.between(1, 9) }),
      );
    expect(await all(sources)).toEqual(places.map((at) => String(lineOf(at))));
  }
});

it('has nothing of none', async () => {
  expect(await all([])).toEqual([]);
  expect(await all([source('empty', [], { isKnown: false })])).toEqual([]);
});
