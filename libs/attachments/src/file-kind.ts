import { fileTypeFromBuffer } from 'file-type/core';
import { DomainError } from '#kernel';
import { ArchiveSearch, CompoundSearch } from './container-search';

/** Bytes from which most types are told. */
export const headBytes = 256 * 1024;

interface Kind {
  mediaType: string;
  /** What `file-type` calls it; a kind without is told by its content as a whole. */
  sniffed?: readonly string[];
  /** Of text: how it may begin. */
  begins?: RegExp;
  /** Of Word and Excel before 2007, which are archives of streams (MS-CFB): the streams that tell them. */
  streams?: readonly string[];
  /** Of Office documents since 2007, which are ZIP archives: the files that they must hold, wherever they stand. */
  entries?: readonly string[];
}

const jpeg: Kind = { mediaType: 'image/jpeg', sniffed: ['jpg'] };
const types = '[Content_Types].xml';
const office = 'application/vnd.openxmlformats-officedocument';

/** What is taken, by extension. */
const kinds: Partial<Record<string, Kind>> = {
  pdf: { mediaType: 'application/pdf', sniffed: ['pdf'] },
  doc: { mediaType: 'application/msword', sniffed: ['cfb'], streams: ['WordDocument'] },
  docx: {
    mediaType: `${office}.wordprocessingml.document`,
    sniffed: ['docx', 'zip'],
    entries: [types, 'word/document.xml'],
  },
  xls: { mediaType: 'application/vnd.ms-excel', sniffed: ['cfb'], streams: ['Workbook', 'Book'] },
  xlsx: { mediaType: `${office}.spreadsheetml.sheet`, sniffed: ['xlsx', 'zip'], entries: [types, 'xl/workbook.xml'] },
  jpg: jpeg,
  jpeg,
  png: { mediaType: 'image/png', sniffed: ['png', 'apng'] },
  gif: { mediaType: 'image/gif', sniffed: ['gif'] },
  txt: { mediaType: 'text/plain' },
  csv: { mediaType: 'text/csv' },
  json: { mediaType: 'application/json', begins: /^\s*([{["\-\d]|true|false|null)/ },
};

export const EXTENSIONS = Object.keys(kinds);
export const MEDIA_TYPES = [...new Set(Object.values(kinds).map((kind) => kind?.mediaType ?? ''))];

/** Tells, while a file streams by, whether it is what its extension says; throws 415 where it is not. */
export class KindCheck {
  readonly mediaType: string;
  private readonly kind: Kind;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private readonly search?: CompoundSearch | ArchiveSearch;

  constructor(private readonly extension: string) {
    const kind = Object.hasOwn(kinds, extension) ? kinds[extension] : undefined;
    if (!kind) throw refused(`The name of a file must end in one of ${EXTENSIONS.join(', ')}.`);
    this.kind = kind;
    this.mediaType = kind.mediaType;
    if (kind.streams) this.search = new CompoundSearch(kind.streams);
    if (kind.entries) this.search = new ArchiveSearch(kind.entries);
  }

  /** Checks the beginning: up to `headBytes`, or all of a shorter file. */
  async begin(head: Buffer): Promise<void> {
    // It throws where an archive is cut off, which only means that it can not tell.
    const found = await fileTypeFromBuffer(head).catch(() => undefined);
    const { sniffed, begins } = this.kind;
    if (sniffed) {
      if (!found || !sniffed.includes(found.ext)) throw this.mismatch();
      return;
    }
    // Text that some other type claims is of that type, unless that is text, too (a calendar, XML).
    if (found && !/^text\/|xml$/.test(found.mime)) throw this.mismatch();
    if (
      begins &&
      !begins.test(
        head
          .subarray(0, 4096)
          .toString()
          .replace(/^\ufeff/, ''),
      )
    )
      throw this.mismatch();
  }

  /** Takes every chunk in turn, those of the head included. */
  take(chunk: Buffer): void {
    if (!this.kind.sniffed) this.takeText(() => this.decoder.decode(chunk, { stream: true }));
    this.search?.take(chunk);
  }

  end(): void {
    if (!this.kind.sniffed) this.takeText(() => this.decoder.decode());
    if (this.search?.isMet === false) throw this.mismatch();
  }

  private takeText(decode: () => string): void {
    let text: string;
    try {
      text = decode();
    } catch {
      throw refused('Text must be in UTF-8.');
    }
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text)) throw this.mismatch();
  }

  private mismatch(): DomainError {
    return refused(`The content is not that of a .${this.extension} file.`);
  }
}

function refused(detail: string): DomainError {
  return new DomainError('attachments.type-refused', detail);
}
