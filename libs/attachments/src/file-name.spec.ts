import fc from 'fast-check';
import { contentDisposition, extensionOf, safeName, storableName } from './file-name';

const anyName = fc
  .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 500 }))
  .map((name) => `${name}.pdf`);

it('makes a name of anything that every system can save under', () => {
  fc.assert(
    fc.property(anyName, (sent) => {
      const name = safeName(sent);
      expect(name).toMatch(
        /^[^\p{Cc}/\\<>:"|?*\u202a-\u202e\u2066-\u2069.\s][^\p{Cc}/\\<>:"|?*\u202a-\u202e\u2066-\u2069]*\.pdf$/u,
      );
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(201);
      expect(name.isWellFormed()).toBe(true);
    }),
  );
});

it('makes the same of a name that it has made', () => {
  fc.assert(fc.property(anyName, (sent) => safeName(safeName(sent)) === safeName(sent)));
});

it('stores a name as it was sent, cut to its column', () => {
  fc.assert(
    fc.property(anyName, (sent) => {
      const stored = storableName(sent);
      expect([stored.isWellFormed(), stored.length <= 255, stored.includes('\0')]).toEqual([true, true, false]);
    }),
  );
});

it('puts any name into a header that holds nothing but what headers may', () => {
  fc.assert(
    fc.property(anyName, (sent) =>
      /^attachment; filename="[^"\\%]+"; filename\*=UTF-8''[\w.%!~-]+$/.test(contentDisposition(safeName(sent))),
    ),
  );
});

it.each([
  ['a.PDF', 'pdf'],
  ['a.tar.gz', 'gz'],
  ['a', ''],
  ['a.', ''],
  ['a.b/c', ''],
])('knows the extension of %s as "%s"', (name, extension) => expect(extensionOf(name)).toBe(extension));
