import { join } from 'node:path';
import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { root, type Source, sourcesIn } from '../support/sources';

interface Lists {
  /** Bans on syntax and on imports, by the names that exemptions use. */
  ban: Record<string, { selector: string; message: string }>;
  refuse: Record<string, { message: string }>;
  exemptions: { files: string[]; from: string[]; because: string }[];
}

let lists: Lists;
let held: Source[][];

beforeAll(async () => {
  lists = (await import(join(root, 'eslint.config.mjs'))) as Lists;
  held = await filesByExemption();
});

describe('the exemptions of eslint.config.mjs', () => {
  it('are each from a ban that some file would violate', () => {
    const needless = lists.exemptions.flatMap(({ files, from }, index) => {
      const violated = violatedIn(held[index] ?? [], from);
      return from.filter((name) => !violated.has(name)).map((name) => `${files.join(', ')}: ${name}`);
    });
    expect(needless).toEqual([]);
  });

  it('have a reason', () => {
    expect(lists.exemptions.filter(({ because }) => because.length < 10)).toEqual([]);
  });
});

/** The sources that each exemption holds for: the last that matches a file does. */
async function filesByExemption(): Promise<Source[][]> {
  const eslint = new ESLint({ cwd: root });
  const files = lists.exemptions.map((): Source[] => []);
  for (const source of sourcesIn('apps', 'libs', 'migrations', 'test', 'bench')) {
    const config: Linter.Config | undefined = await eslint.calculateConfigForFile(join(root, source.path));
    const exemption = config?.settings?.['exemption'];
    if (typeof exemption === 'number') files[exemption]?.push(source);
  }
  return files;
}

/** Which of these bans the sources violate, without types: the bans need none. Stops once all are found. */
function violatedIn(sources: readonly Source[], names: readonly string[]): Set<string> {
  const { ban, refuse } = lists;
  const linter = new Linter({ cwd: root });
  const config: Linter.Config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    linterOptions: { noInlineConfig: true },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      'no-restricted-syntax': ['error', ...names.flatMap((name) => ban[name] ?? [])],
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: names.flatMap((name) => refuse[name] ?? []) }],
    },
  };
  const violated = new Set<string>();
  for (const { path, text } of sources) {
    if (violated.size === names.length) break;
    for (const { ruleId, message } of linter.verify(text, config, path)) {
      // That a comment has no effect here is no violation.
      if (ruleId === null) continue;
      const name = names.find((one) => [ban[one], refuse[one]].some((rule) => rule && message.endsWith(rule.message)));
      if (!name) throw new Error(`${path}: ${message}`);
      violated.add(name);
    }
  }
  return violated;
}
