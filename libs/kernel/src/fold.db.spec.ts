import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { isSoak } from '../../../test/support/soak';
import { foldText } from './fold';

/** Above the planes that have scripts, nearly nothing is assigned. */
const endOfScripts = 0x32000;
const everyOfTheRest = isSoak ? 1 : 101;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function foldedBySql(texts: string[]): Promise<string[]> {
  const rows = await database.query<{ folded: string }>(
    'SELECT fold_text(t) AS folded FROM unnest($1::text[]) WITH ORDINALITY AS given (t, place) ORDER BY place',
    [texts],
  );
  return rows.map(({ folded }) => folded);
}

describe('foldText and fold_text', () => {
  it.each([
    ['José', 'jose'],
    ['Jose\u0301', 'jose'],
    ['  Delgado,  Rosa ', 'delgado rosa'],
    ['DELGADO,ROSA', 'delgado rosa'],
    ['Nuñez', 'nunez'],
    ['Straße', 'straße'],
    ['ﬁnn', 'finn'],
    ['ＡＢ１', 'ab1'],
    ['İstanbul', 'istanbul'],
    ['ΑΛΕΞΗΣ', 'αλεξησ'],
    ['Αλέξης', 'αλεξησ'],
    ['Łódź', 'łodz'],
    ['a\u00a0b', 'a b'],
    ['a\u2003b', 'a b'],
    ['a\u0085b', 'a b'],
    ['a\ufeffb', 'a b'],
    ['Дмитрий', 'дмитрии'],
  ])('fold %j alike', async (given, folded) => {
    expect([foldText(given), ...(await foldedBySql([given]))]).toEqual([folded, folded]);
  });

  it('fold whatever is typed and stored alike', async () => {
    const letters = fc.oneof(
      fc.constantFrom(...Array.from("abcXYZáÉñöÜßçŁřşğİıșžæøåÀΣςσЁйЖ Ω,  -'’.")),
      fc.integer({ min: 0x20, max: 0x24f }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0x370, max: 0x52f }).map((code) => String.fromCodePoint(code)),
    );
    const texts = fc.sample(
      fc.array(letters, { maxLength: 24 }).map((list) => list.join('')),
      { seed: 11, numRuns: 3000 },
    );
    const folded = await foldedBySql(texts);
    const different = texts.filter((text, index) => foldText(text) !== folded[index]);
    expect(different.slice(0, 10).map((text) => [text, foldText(text), folded[texts.indexOf(text)]])).toEqual([]);
  });

  it('fold every character that both know alike, wherever it stands', async () => {
    const texts = Array.from({ length: 0x110000 - 0x20 }, (_, index) => index + 0x20)
      .filter((code) => code !== 0x7f && (code < 0xd800 || code > 0xdfff))
      .filter((code) => code < endOfScripts || code % everyOfTheRest === 0)
      .map((code) => `${String.fromCodePoint(code)}a${String.fromCodePoint(code)} b${String.fromCodePoint(code)}`);
    const rows = await database.query<{ folded: string; assigned: boolean }>(
      `SELECT fold_text(t) AS folded, unicode_assigned(t) AS assigned
       FROM unnest($1::text[]) WITH ORDINALITY AS given (t, place) ORDER BY place`,
      [texts],
    );
    // Node may know letters of a newer Unicode than PostgreSQL, which leaves those as they are.
    const known = texts.filter((_, index) => rows[index]?.assigned);
    expect(known.length).toBeGreaterThan(100_000);
    const folded = new Map(texts.map((text, index) => [text, rows[index]?.folded]));
    expect(known.filter((text) => foldText(text) !== folded.get(text))).toEqual([]);
  });
});
