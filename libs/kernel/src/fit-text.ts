/** The text as PostgreSQL takes it: well-formed, without NUL, and at most `max` UTF-16 units long. */
export function fitText(text: string, max: number): string {
  if (text.length <= max && text.isWellFormed() && !text.includes('\0')) return text;
  const cut = text.replaceAll('\0', '').slice(0, max);
  return cut.replace(/[\ud800-\udbff]$/, '').toWellFormed();
}
