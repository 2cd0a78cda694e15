import ts from 'typescript';
import { ERRORS } from '#kernel';
import { read, sourcesIn, treeOf, walk } from '../support/sources';

const catalogue = read('docs/errors.md');
const entries = [...catalogue.matchAll(/^### <a id="(.+)"><\/a>(.+)\n\n\*\*(\d{3}) (.+?)\.\*\* (.+)$/gm)].map(
  ([, anchor, code, status, title, text]) => ({ anchor, code, status: Number(status), title, text }),
);
const codes = Object.keys(ERRORS).sort();

describe('docs/errors.md', () => {
  it('explains every code once, in the order of the alphabet, and no other', () => {
    expect(entries.map(({ code }) => code)).toEqual(codes);
    expect(catalogue.match(/^#+ .*$/gm)).toHaveLength(codes.length + 1);
  });

  it('has an anchor for every code, which the type of a problem leads to', () => {
    expect(entries.filter(({ anchor, code }) => anchor !== code)).toEqual([]);
  });

  it('gives every code the status and title that a client will see', () => {
    expect(Object.fromEntries(entries.map(({ code, status, title }) => [code, { status, title }]))).toEqual(ERRORS);
  });

  it('says of every code what it means and what to do', () => {
    const tooShort = entries.filter(({ text }) => (text?.match(/[.](?= [A-Z`]|$)/g) ?? []).length < 2);
    expect(tooShort.map(({ code }) => code)).toEqual([]);
  });
});

describe('the error catalogue', () => {
  it('has no code that nothing answers', () => {
    const answered = new Set(
      sourcesIn('apps', 'libs')
        .filter(isAnswering)
        .flatMap((source) => literalsOf(treeOf(source))),
    );
    expect(codes.filter((code) => !answered.has(code))).toEqual([]);
  });

  it('names codes area.fault in kebab case', () => {
    expect(codes.filter((code) => !/^[a-z]+\.[a-z]+(-[a-z]+)*$/.test(code))).toEqual([]);
  });
});

/** A spec that expects a code does not answer it, nor does the catalogue itself. */
function isAnswering({ path }: { path: string }): boolean {
  return path !== 'libs/kernel/src/errors.ts' && !/\.spec\.ts$|^apps\/[^/]+\/test\//.test(path);
}

/** The texts a source uses, save those in lists: a list of codes is the documentation of a route, not an answer. */
function literalsOf(tree: ts.SourceFile): string[] {
  const texts: string[] = [];
  walk(tree, (node) => {
    if (ts.isStringLiteral(node) && !ts.isArrayLiteralExpression(node.parent)) texts.push(node.text);
  });
  return texts;
}
