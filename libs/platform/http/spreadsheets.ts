import { stringify } from 'csv-stringify/sync';

/** Spreadsheets read a file of CSV as UTF-8 where it begins so. */
export const byteOrderMark = '\ufeff';

/** Behind apostrophes, what `stringify` takes for the beginning of a formula. */
const guarded = /^'(?='*[=+\-@\t\r＝＋－＠])/;

/**
 * Lines of CSV that are safe to open in a spreadsheet: a text that it would run gets an apostrophe,
 * and so does one that looks as if it had got one.
 */
export function csvLines(rows: object[], columns: string[]): string {
  const string = (value: string) => (guarded.test(value) ? `'${value}` : value);
  return stringify(rows, { columns, escape_formulas: true, cast: { string } });
}

/** A cell as it was before `csvLines` made it safe. */
export function withoutGuard(cell: string): string {
  return cell.replace(guarded, '');
}
