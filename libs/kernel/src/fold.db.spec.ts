import fc from 'fast-check';
import { Client } from 'pg';
import { migrate } from '#platform/database';
import { createTestDatabase } from '../../../test/support/database';
import { DebianPostgres, noDebianPostgres } from '../../../test/support/debian-postgres';
import { isSoak, tries } from '../../../test/support/soak';
import { foldText } from './fold';

/** Above the planes that have scripts, nearly nothing is assigned. */
const endOfScripts = 0x32000;
const everyOfTheRest = isSoak ? 1 : 101;

/** What is stored, and how people type it. */
const names: [kind: string, stored: string, ...typed: string[]][] = [
  ['marks', 'José Núñez', 'jose nunez', 'JOSE\u0301 NUN\u0303EZ', 'josé nuñez'],
  ['marks upon marks', 'Nguyễn Thị Ánh', 'nguyen thi anh', 'NGUYỄN THỊ ÁNH'],
  ['spacing accents for apostrophes', 'O´Brien D`Arcy', 'obrien darcy', "o'brien d'arcy", 'o΄brien d˝arcy'],
  ['apostrophes', 'O’Brien', "o'brien", 'obrien', 'o‘brien', 'oʼbrien', 'o＇brien', 'o′brien', 'Oʹbrien', 'O՚Brien'],
  ['letters for apostrophes', 'Kaʻiulani Sahaiʔa', 'kaiulani sahaia', "ka'iulani sahai'a", 'kaꞌiulani sahaiʼa'],
  ['quotation marks', 'William “Bill” Ross', 'william bill ross', 'William "Bill" Ross', 'william «bill» ross'],
  ['full stops', 'St. John, J.R.', 'st john jr', 'St John J.R'],
  ['hyphens', 'Muñoz-García', 'munoz garcia', 'munoz-garcia', 'Muñoz–García', 'munoz — garcia', 'munoz‑garcia'],
  ['dashes of every script', 'בן־דוד', 'בן דוד', 'בן-דוד', 'בן–דוד', 'בן−דוד'],
  ['middle dots', 'Gal·la', 'galla', 'GAL·LA', 'Gaŀla'],
  ['soft hyphens and marks of direction', 'Smith\u00adson \u200fLee', 'smithson lee', '\u202asmithson\u202c lee'],
  ['commas and blanks', '  Delgado,  Rosa ', 'delgado rosa', 'DELGADO,ROSA', 'delgado、rosa', 'delgado\u3000rosa'],
  ['strokes', 'Łukasz Søren Đorđe', 'lukasz soren dorde', 'ŁUKASZ SØREN ĐORĐE'],
  ['more strokes', 'Ħal Ŧor Ɨvan Ⱥbe', 'hal tor ivan abe'],
  ['hooks', 'Ɓala Ɗan Ƙofa Ƴar', 'bala dan kofa yar'],
  ['letters that are two', 'Weißmann Ægir Þór Œuvre', 'weissmann aegir thor oeuvre', 'WEIẞMANN ÆGIR ÞÓR ŒUVRE'],
  ['one letter for another', 'Guðrún Ŋari Kɔfi Mɛnsa Əli', 'gudrun nari kofi mensa eli'],
  ['dots of Turkish', 'Yıldırım İSTANBUL', 'yildirim istanbul', 'YILDIRIM istanbul', 'YİLDİRİM ıstanbul'],
  ['ligatures and widths', 'ﬁnn ＡＢ１', 'finn ab1'],
  ['Greek', 'Αλέξης', 'αλεξης', 'ΑΛΕΞΗΣ', 'αλεξησ', 'Ἀλέξης'],
  ['Cyrillic', 'Дмитрий Ґалаґан', 'дмитрии галаган', 'ДМИТРИЙ ГАЛАҐАН'],
  ['Cyrillic beyond Russian', 'Қанат Өмір Ғалым', 'канат омир галым'],
  ['Arabic', 'مُحَمَّد', 'محمد', 'محـــمد', 'ﻣﺤﻤﺪ'],
  ['alef and hamza', 'أحمد آل إبراهيم', 'احمد ال ابراهيم'],
  ['keyboards of Persian and Urdu', 'علی کریمی', 'علي كريمي', 'على كريمى', 'علی\u200c کریمی'],
  ['Hebrew', 'אָבִיב כֹּהֵן', 'אביב כהן', 'אביב כהנ'],
  ['Devanagari', 'राज़ कृष्ण', 'राज कृषण'],
  ['Thai', 'ก้อง', 'กอง'],
  ['Kana', 'ガブリエル', 'がぶりえる', 'ｶﾞﾌﾞﾘｴﾙ'],
  ['Hangul', '김철수', '김철수'.normalize('NFD')],
  ['Armenian and Georgian', 'Արամ ᲒᲘᲝᲠᲒᲘ', 'արամ გიორგი'],
  ['digits', '١٢٣ ۴۵ १२', '123 45 12'],
];

describe('a name', () => {
  it.each(names)('is found however its %s are typed: %s', (_kind, stored, ...typed) => {
    expect(typed.map(foldText)).toEqual(typed.map(() => foldText(stored)));
    expect(foldText(stored)).not.toBe('');
  });

  it.each([
    ['another letter', 'Rao', 'Roo'],
    ['a vowel sign of India', 'राम', 'रम'],
    ['a blank', 'Van Dam', 'Vandam'],
    ['a letter more', 'Weissman', 'Weissmann'],
    ['a digit', 'Local 46', 'Local 64'],
  ])('is another by %s', (_what, one, other) => {
    expect(foldText(one)).not.toBe(foldText(other));
  });
});

const servers: [name: string, missing: string | undefined, start: () => Promise<Folding>][] = [
  ['the embedded server', undefined, createTestDatabase],
  ['Debian’s server, of locale C', noDebianPostgres, startDebian],
];

/** A database with fold_text. */
interface Folding {
  query(sql: string, values: unknown[]): Promise<{ folded: string }[]>;
  drop(): Promise<void>;
}

describe.each(servers)('foldText and fold_text of %s', (_name, missing, start) => {
  const itThere = missing ? it.skip : it;
  const title = missing ? ` (${missing})` : '';
  let database: Folding;
  beforeAll(async () => {
    if (!missing) database = await start();
  });
  afterAll(async () => {
    if (!missing) await database.drop();
  });

  async function foldedBySql(texts: string[]): Promise<string[]> {
    const rows = await database.query(
      'SELECT fold_text(t) AS folded FROM unnest($1::text[]) WITH ORDINALITY AS given (t, place) ORDER BY place',
      [texts],
    );
    return rows.map(({ folded }) => folded);
  }

  itThere(`fold names alike${title}`, async () => {
    const texts = names.flatMap(([, ...all]) => all);
    expect(await foldedBySql(texts)).toEqual(texts.map(foldText));
  });

  itThere(`fold whatever is typed and stored alike${title}`, async () => {
    const letters = fc.oneof(
      fc.constantFrom(...Array.from("abcXYZáÉñöÜßçŁřşğİıșžæøåÀΣςσЁйЖ Ω,  -'’.´`\u0301\u200d")),
      fc.integer({ min: 0x20, max: 0x24f }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0x370, max: 0x6ff }).map((code) => String.fromCodePoint(code)),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((letter) => /[^\0\p{Cn}]/u.test(letter)),
    );
    const texts = fc.sample(
      fc.array(letters, { maxLength: 24 }).map((list) => list.join('')),
      { seed: 11, numRuns: tries(3000, 100_000) },
    );
    const folded = await foldedBySql(texts);
    const different = texts.filter((text, index) => foldText(text) !== folded[index]);
    expect(different.slice(0, 10).map((text) => [text, foldText(text), folded[texts.indexOf(text)]])).toEqual([]);
  });

  itThere(`fold every character alike, wherever it stands${title}`, async () => {
    const texts = Array.from({ length: 0x110000 - 0x20 }, (_, index) => index + 0x20)
      .filter((code) => code !== 0x7f && (code < 0xd800 || code > 0xdfff))
      .filter((code) => code < endOfScripts || code % everyOfTheRest === 0)
      .filter((code) => /\P{Cn}/u.test(String.fromCodePoint(code)))
      .map((code) => `${String.fromCodePoint(code)}a${String.fromCodePoint(code)} b${String.fromCodePoint(code)}`);
    expect(texts.length).toBeGreaterThan(100_000);
    const folded = await foldedBySql(texts);
    expect(texts.filter((text, index) => foldText(text) !== folded[index])).toEqual([]);
  });
});

describe('a folded text', () => {
  const assigned = Array.from({ length: endOfScripts }, (_, code) => String.fromCodePoint(code)).filter((letter) =>
    /[^\p{Cn}\p{Cs}]/u.test(letter),
  );
  const differing = (other: (letter: string) => string) =>
    assigned.filter((letter) => foldText(`a${letter}b`) !== foldText(`a${other(letter)}b`));

  it.each<[string, (letter: string) => string]>([
    ['a small letter', (letter) => letter.toLowerCase()],
    // Beneath a capital, the iota of ancient Greek is written beside it.
    ['a capital', (letter) => (letter.normalize('NFD').includes('\u0345') ? letter : letter.toUpperCase())],
    ['decomposed', (letter) => letter.normalize('NFD')],
    ['composed', (letter) => letter.normalize('NFC')],
    ['decomposed by compatibility', (letter) => letter.normalize('NFKD')],
    ['folded already', (letter) => foldText(`x${letter}x`).slice(1, -1)],
  ])('is the same where a character is %s', (_how, other) => {
    expect(differing(other)).toEqual([]);
  });

  it.each<[string, RegExp, (folded: string) => boolean]>([
    [
      'no marks that only change a letter',
      /(?![\u05be\u05c0\u05c3\u05c6])[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0e48-\u0e4b]/,
      (folded) => folded === 'ab',
    ],
    ['no characters without a shape', /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064]/, (folded) => folded === 'ab'],
    ['a blank for a dash', /\p{Pd}/u, (folded) => folded === 'a b'],
    ['a blank for a blank', /[\s\p{Zs}]/u, (folded) => folded === 'a b'],
    ['ASCII for a digit', /\p{Nd}/u, (folded) => /^a\db$/.test(folded)],
    ['no capitals', /\p{L}/u, (folded) => folded === folded.toLowerCase()],
  ])('has %s', (_what, kind, isFolded) => {
    const all = assigned.filter((letter) => kind.test(letter));
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter((letter) => !isFolded(foldText(`a${letter}b`)))).toEqual([]);
  });
});

async function startDebian(): Promise<Folding> {
  const server = await DebianPostgres.start('--locale=C', '--encoding=UTF8');
  const urls = await server.createDatabase('ip2a');
  await migrate(urls);
  const client = new Client({ connectionString: urls.ownerUrl });
  await client.connect();
  return {
    query: async (sql, values) => (await client.query<{ folded: string }>(sql, values)).rows,
    drop: async () => {
      await client.end();
      await server.stop();
    },
  };
}
