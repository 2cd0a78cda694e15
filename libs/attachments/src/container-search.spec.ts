import fc from 'fast-check';
import { aCompoundFile, anArchive } from './attachment.factory';
import { ArchiveSearch, CompoundSearch } from './container-search';

const entries = ['[Content_Types].xml', 'word/document.xml'];
const document = anArchive(['media/image1.png', Buffer.alloc(500, 7)], ['word/document.xml'], ['[Content_Types].xml']);

/** Gives the bytes in pieces of the given lengths, over and over. */
function fed<Search extends ArchiveSearch | CompoundSearch>(search: Search, bytes: Buffer, lengths: number[]): Search {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    search.take(bytes.subarray(at, at + length));
    at += length;
  }
  return search;
}

const pieces = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });

it('finds the files of an archive, wherever its bytes are cut', () => {
  fc.assert(fc.property(pieces, (lengths) => fed(new ArchiveSearch(entries), document, lengths).isMet));
});

it('finds the streams of a compound file, wherever its bytes are cut', () => {
  const file = aCompoundFile('WordDocument');
  fc.assert(fc.property(pieces, (lengths) => fed(new CompoundSearch(['WordDocument']), file, lengths).isMet));
});

it('does not take names in a text for the files of an archive, nor an entry that stands elsewhere', () => {
  const text = Buffer.from(entries.join(' ').repeat(50));
  expect(fed(new ArchiveSearch(entries), text, [100]).isMet).toBe(false);
  const within = anArchive(['other'], ['inner.docx', document]);
  expect(fed(new ArchiveSearch(entries), within, [100]).isMet).toBe(false);
  const shifted = Buffer.concat([Buffer.alloc(1), aCompoundFile('Workbook')]);
  expect(fed(new CompoundSearch(['Workbook']), shifted, [100]).isMet).toBe(false);
});
