/**
 * Folds text for prefix search: compatibility decomposition without marks, lower case, runs of commas and blanks as one
 * blank. The SQL function `fold_text` does the same to what is searched, so that "Jose" finds "José".
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[\s,]+/g, ' ')
    .trim();
}
