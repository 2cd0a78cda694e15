import { exists, read } from '../support/sources';

/** Clauses of level 1 or 2 in each section of OWASP ASVS 5.0, numbered from 1 without a gap. */
const sections: Record<string, number> = {
  ...{ '1.1': 2, '1.2': 9, '1.3': 11, '1.4': 3, '1.5': 2 },
  ...{ '2.1': 3, '2.2': 3, '2.3': 4, '2.4': 1 },
  ...{ '3.2': 2, '3.3': 4, '3.4': 6, '3.5': 5, '3.7': 2 },
  ...{ '4.1': 3, '4.2': 1, '4.3': 2, '4.4': 4 },
  ...{ '5.1': 1, '5.2': 3, '5.3': 2, '5.4': 3 },
  ...{ '6.1': 3, '6.2': 12, '6.3': 4, '6.4': 4, '6.5': 5, '6.6': 3, '6.8': 4 },
  ...{ '7.1': 3, '7.2': 4, '7.3': 2, '7.4': 5, '7.5': 2, '7.6': 2 },
  ...{ '8.1': 2, '8.2': 3, '8.3': 1, '8.4': 1 },
  ...{ '9.1': 3, '9.2': 4 },
  ...{ '10.1': 2, '10.2': 2, '10.3': 4, '10.4': 11, '10.5': 5, '10.6': 2, '10.7': 3 },
  ...{ '11.1': 2, '11.2': 3, '11.3': 3, '11.4': 4, '11.5': 1, '11.6': 1 },
  ...{ '12.1': 3, '12.2': 2, '12.3': 4 },
  ...{ '13.1': 1, '13.2': 5, '13.3': 2, '13.4': 5 },
  ...{ '14.1': 2, '14.2': 4, '14.3': 3 },
  ...{ '15.1': 3, '15.2': 3, '15.3': 7 },
  ...{ '16.1': 1, '16.2': 5, '16.3': 4, '16.4': 3, '16.5': 3 },
  ...{ '17.1': 1, '17.2': 4, '17.3': 2 },
};
const clauses = Object.entries(sections).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
);

const page = read('docs/security.md');
const rows = [...page.matchAll(/^\| (\d[\d., ]*?) +\| (.+) \|$/gm)].map(([, numbers = '', rest = '']) => {
  const [, verdict = '', by = '', shown = ''] = rest.split(' | ').map((cell) => cell.trim());
  return { clauses: numbers.split(', ').flatMap(meant), verdict, by, shown };
});
const commands = [...page.matchAll(/`npm test -- (\S+?)(?: -t '([^']+)')?`/g)].map(([, path = '', name]) => ({
  path,
  name,
}));

describe('docs/security.md', () => {
  it('has one row for each clause of levels 1 and 2', () => {
    expect(clauses).toHaveLength(253);
    expect(rows.flatMap((row) => row.clauses)).toEqual(clauses);
  });

  it('gives one of four verdicts, shows what is met, and says why the rest is not', () => {
    const verdicts = ['met', 'partly', 'not', 'does not apply'];
    expect(rows.filter(({ verdict, by }) => !verdicts.includes(verdict) || by === '')).toEqual([]);
    expect(rows.filter(({ verdict, shown }) => verdict === 'met' && !/^[`[]/.test(shown))).toEqual([]);
  });

  it.each([
    ['not', 'What is not met'],
    ['partly', 'What is met in part'],
  ])('lists first what is %s, under "%s"', (verdict, title) => {
    const list = page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
    const listed = [...list.matchAll(/^- \*\*([\d., ]+)\*\*: /gm)].flatMap(([, numbers = '']) => numbers.split(', '));
    const found = rows.filter((row) => row.verdict === verdict).flatMap((row) => row.clauses);
    expect(listed.sort()).toEqual(found.sort());
  });

  it('names specs that exist, and tests in them', () => {
    expect(commands.length).toBeGreaterThan(100);
    expect(commands.filter(({ path }) => !path.endsWith('.spec.ts') || !exists(path))).toEqual([]);
    // Jest takes a pattern, and fills in the place of each `%s` before it compares.
    const strange = commands.filter(({ name = '' }) => /[%$()[\]{}*+?^|\\]/.test(name));
    expect(strange).toEqual([]);
    expect(commands.filter(({ path, name = '' }) => !read(path).includes(name))).toEqual([]);
  });

  it('names scripts of package.json, and files that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const run = [...page.matchAll(/`npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
    const files = [...page.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, path = '']) => path);
    expect(files.filter((path) => !exists(`docs/${path}`))).toEqual([]);
  });
});

/** The clauses of a clause, a section or a chapter. */
function meant(number: string): string[] {
  return clauses.filter((clause) => clause === number || clause.startsWith(`${number}.`));
}
