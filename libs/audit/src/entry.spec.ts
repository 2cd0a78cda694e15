import type { Disclosure } from '#platform/context';
import { factsOf, partNotes } from './entry';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function partsOf(count: number, facts: Partial<Disclosure> = {}) {
  const ids = numbers(count);
  return factsOf({ tableName: 'members', ids, versions: ids.map(String), list: true, filters: { q: 'x' }, ...facts });
}

describe('the entries of a disclosure', () => {
  it.each([
    [0, [0]],
    [5000, [5000]],
    [5001, [5000, 1]],
    [12_000, [5000, 5000, 2000]],
  ])('name %i records in entries of %j', (count, sizes) => {
    const parts = partsOf(count);
    expect(parts.map(({ recordIds }) => recordIds?.length)).toEqual(sizes);
    expect(parts.flatMap(({ recordIds }) => recordIds)).toEqual(numbers(count));
    expect(parts.flatMap(({ recordVersions }) => recordVersions)).toEqual(numbers(count).map(String));
    const same = { action: 'BULK_READ', tableName: 'members', filters: { q: 'x' } };
    expect(parts).toEqual(parts.map(() => expect.objectContaining(same) as object));
  });

  it('say which part they are, beside what else there is to say', () => {
    const notes = partsOf(5001, { notes: 'integrity check' }).map(({ notes }) => notes);
    const [, name] = /([0-9a-f]{16})/.exec(String(notes[0])) ?? [];
    expect(notes).toEqual([`integrity check; part 1 of ${name}`, `integrity check; part 2 of ${name}, the last`]);
    expect(partsOf(3, { notes: 'integrity check' })).toMatchObject([{ notes: 'integrity check' }]);
  });

  it('have no versions where the disclosure has none', () => {
    expect(partsOf(5001, { versions: undefined }).map(({ recordVersions }) => recordVersions)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('have another name for each disclosure', () => {
    expect(partNotes()(1, false)).not.toBe(partNotes()(1, false));
  });
});
