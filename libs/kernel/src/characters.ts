/** Line ends, bells, NUL and the like: C0, DEL, C1, and the line and paragraph separators of Unicode. */
export const controls = /[\p{Cc}\u2028\u2029]/gu;

/**
 * Characters that change the direction of text or are not seen, so that one text can pass for another. The joiners
 * U+200C and U+200D stay: names in Persian and in scripts of India are written with them.
 */
export const disguises =
  /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Whether a reader sees anything: a letter, digit or sign. Fillers and the blank of Braille count as signs, but are not seen. */
export function isVisible(text: string): boolean {
  return /(?![\p{DI}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u.test(text);
}
