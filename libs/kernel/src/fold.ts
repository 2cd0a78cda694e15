/**
 * Folds text for prefix search: compatibility decomposition without marks, lower case with one sigma, runs of commas and
 * blanks as one blank. The SQL function `fold_text` does the same to what is searched, so that "Jose" finds "José".
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .replace(/[\s,\u0085]+/g, ' ')
    .trim();
}
