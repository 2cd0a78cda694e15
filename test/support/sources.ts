import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

/** The repository, whatever folder Jest was started in. */
export const root = join(__dirname, '../..');

/** A TypeScript file of the project. `path` is relative to the repository, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** What it imports or re-exports, types included, as written. */
  readonly imports: readonly string[];
}

/** Every TypeScript file below the given folders, in the order of their paths. */
export function sourcesIn(...folders: string[]): Source[] {
  return folders.flatMap(pathsIn).sort().map(sourceAt);
}

/** What stands in a folder of the repository, by name. */
export function namesIn(folder: string): string[] {
  return readdirSync(join(root, folder)).sort();
}

export function exists(path: string): boolean {
  return existsSync(join(root, path));
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The file of the project that a relative import means. */
export function resolveImport(importer: string, specifier: string): string {
  return relative(root, join(root, dirname(importer), specifier))
    .split(sep)
    .join('/');
}

/** The tree of a source, with parents, for laws that look at more than imports. */
export function treeOf({ path, text }: Source): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** Calls `visit` for a node and everything in it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function pathsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .filter((path) => path.endsWith('.ts'));
}

function sourceAt(path: string): Source {
  const text = read(path);
  return { path, text, imports: ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName) };
}
