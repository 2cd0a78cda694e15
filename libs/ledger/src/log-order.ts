import type { EntryPlace } from '#audit';
import { keyOf } from './canonical-entry';

/** Lines of entries in the order of the log, and from which place on; undefined where it is not known. */
export interface LineSource {
  first?: EntryPlace;
  lines(): AsyncIterable<Buffer[]>;
}

interface Head {
  reader: AsyncIterator<Buffer[]>;
  batch: Buffer[];
}

/**
 * Several sources as one, in the order of the log. A source is opened when its turn comes, so that of many that follow one another one is
 * open at a time.
 */
export async function* inLogOrder(sources: readonly LineSource[]): AsyncGenerator<Buffer[]> {
  const waiting = [...sources].sort((one, other) => comparePlaces(one.first ?? origin, other.first ?? origin));
  const heads: Head[] = [];
  try {
    for (;;) {
      await openNext(heads, waiting);
      if (heads.length === 0) return;
      const bound = waiting[0]?.first;
      const ends = heads.map(({ batch }) => keyOf(batch.at(-1) as Buffer));
      const end = ends.reduce((least, place) => (comparePlaces(place, least) < 0 ? place : least));
      const isAlone = heads.length === 1 && (!bound || comparePlaces(end, bound) < 0);
      const ready = heads.map((head) => (isAlone ? head.batch : before(head.batch, end, bound)));
      const lines = ready.length === 1 ? (ready[0] ?? []) : ready.flat().sort(compareLines);
      if (lines.length > 0) yield lines;
      await advance(heads, ready);
    }
  } finally {
    for (const { reader } of heads) await reader.return?.();
  }
}

const origin: EntryPlace = { txid: '0', id: '0' };

/** Opens the sources whose turn it is: those that begin before what the open ones have next. */
async function openNext(heads: Head[], waiting: LineSource[]): Promise<void> {
  for (let next = waiting[0]; next; next = waiting[0]) {
    const { first } = next;
    const places = heads.map(({ batch }) => keyOf(batch[0] as Buffer));
    if (first && places.length > 0 && places.every((place) => comparePlaces(place, first) < 0)) return;
    waiting.shift();
    const reader = next.lines()[Symbol.asyncIterator]();
    const batch = await read(reader);
    if (batch.length > 0) heads.push({ reader, batch });
  }
}

/** The lines up to a place, and before a bound. */
function before(batch: readonly Buffer[], end: EntryPlace, bound: EntryPlace | undefined): Buffer[] {
  return batch.filter((line) => {
    const place = keyOf(line);
    return comparePlaces(place, end) <= 0 && (!bound || comparePlaces(place, bound) < 0);
  });
}

async function advance(heads: Head[], taken: readonly Buffer[][]): Promise<void> {
  for (const [index, head] of [...heads].entries()) {
    head.batch = head.batch.slice(taken[index]?.length);
    if (head.batch.length === 0) head.batch = await read(head.reader);
    if (head.batch.length === 0) heads.splice(heads.indexOf(head), 1);
  }
}

async function read(reader: AsyncIterator<Buffer[]>): Promise<Buffer[]> {
  for (;;) {
    const step = await reader.next();
    if (step.done) return [];
    if (step.value.length > 0) return step.value;
  }
}

function compareLines(one: Buffer, other: Buffer): number {
  return comparePlaces(keyOf(one), keyOf(other));
}

/** Below, at or above zero, as the first place comes before, is, or comes after the second. */
export function comparePlaces(one: EntryPlace, other: EntryPlace): number {
  return compareNumbers(one.txid, other.txid) || compareNumbers(one.id, other.id);
}

/** Of decimal digits without leading zeros. */
function compareNumbers(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one === other ? 0 : one < other ? -1 : 1;
}
