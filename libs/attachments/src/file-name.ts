import { controls, disguises } from '#kernel';

/** File systems take 255 bytes; a name that is made of four-byte characters fits as well. */
const maxBytes = 200;
const maxOriginalLength = 255;

/** What some file system reads as something else than a part of a name. */
const reserved = /[<>:"|?*]/g;
/** Devices of Windows, whatever their extension. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/** What follows the last dot, in lower case; empty where there is none. */
export function extensionOf(name: string): string {
  return /\.([^.\\/]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
}

/** A name that any system can save under: no path, nothing invisible, of bounded length, with its extension in lower case. */
export function safeName(sent: string): string {
  const last = sent.toWellFormed().normalize('NFC').split(/[\\/]/).at(-1) ?? '';
  const plain = last.replace(controls, '').replace(disguises, '').replace(reserved, '_');
  const extension = extensionOf(plain.trim());
  const base = plain
    .trim()
    .slice(0, plain.trim().length - extension.length - 1)
    .replace(/^[\s.]+|[\s.]+$/g, '');
  const kept = cut(devices.test(base) ? `_${base}` : base, maxBytes - extension.length);
  return `${kept || 'file'}.${extension}`;
}

/** The name as it was sent, as far as PostgreSQL can store it. */
export function storableName(sent: string): string {
  return sent.toWellFormed().replace(controls, '').slice(0, maxOriginalLength).toWellFormed();
}

/** `attachment` with the name in ASCII for old clients (RFC 6266) and in UTF-8 for the others (RFC 8187). */
export function contentDisposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** Whole characters that make at most so many bytes of UTF-8. */
function cut(text: string, bytes: number): string {
  let kept = '';
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    kept += character;
  }
  return kept;
}
