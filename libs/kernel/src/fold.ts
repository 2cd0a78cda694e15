import { blanks, expansions, letters, marks, vanishing } from './folding-table';

/** A spacing accent decomposes to a blank and a mark, hence the blank. */
const unseen = new RegExp(`[${classOf(vanishing)}]+| ?[${classOf(marks)}]+`, 'gu');
const folded = foldedLetters();

/**
 * Folds text for search, so that a name is found whatever keyboard it is typed on: "lukasz obrien"
 * finds "Łukasz O’Brien". The SQL function `fold_text` does the same to what is searched.
 */
export function foldText(text: string): string {
  let plain = '';
  for (const letter of text.normalize('NFKD').replace(unseen, '')) plain += folded.get(letter) ?? letter;
  return plain.replace(/ +/g, ' ').trim();
}

function foldedLetters(): Map<string, string> {
  const several = new Map(entriesOf(expansions).map(({ first, target }) => [String.fromCodePoint(first), target]));
  const all = new Map(several);
  for (const { first, last, step, target } of entriesOf(letters)) {
    for (let code = first; code <= last; code += step) {
      const letter = String.fromCodePoint((target.codePointAt(0) ?? 0) + code - first);
      all.set(String.fromCodePoint(code), several.get(letter) ?? letter);
    }
  }
  for (const { first, last } of entriesOf(blanks)) {
    for (let code = first; code <= last; code += 1) all.set(String.fromCodePoint(code), ' ');
  }
  for (const { first, last } of entriesOf(vanishing)) {
    for (let code = first; code <= last; code += 1) all.set(String.fromCodePoint(code), '');
  }
  return all;
}

/** The inside of a character class. */
function classOf(list: string): string {
  return entriesOf(list)
    .map(({ first, last }) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`)
    .join('');
}

function entriesOf(list: string) {
  return list
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [range = '', target] = entry.split(':');
      const [ends = '', step = '1'] = range.split('/');
      const [first = 0, last = first] = ends.split('-').map(codeOf);
      return { first, last, step: Number(step), target: textOf(target) };
    });
}

function textOf(target: string | undefined): string {
  return target ? String.fromCodePoint(...target.split('+').map(codeOf)) : '';
}

function codeOf(hex: string): number {
  return Number.parseInt(hex, 16);
}
