import { dirname, relative, resolve, sep } from 'node:path';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** @typedef {import('eslint').Rule.RuleModule} RuleModule */

/** The library or program a file belongs to: `libs/members`, `libs/platform/http`, `apps/api`, `migrations`. */
function libraryOf(path) {
  return /^(libs\/platform\/[^/]+|libs\/[^/]+|apps\/[^/]+|[^/]+)/.exec(path.split(sep).join('/'))?.[1];
}

/** What tests share with one another; nothing else may import it. */
const ofTests = /^(apps\/[^/]+\/)?test\/|\.(factory|spec)(\.ts)?$|^jest\.config$/;

/** @type {RuleModule} */
const throughTheDoor = {
  meta: { type: 'problem', schema: [], docs: { description: 'Other libraries are entered by their `#name` only.' } },
  create({ filename, cwd, report }) {
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
      const own = relative(cwd, filename);
      const path = relative(cwd, resolve(dirname(filename), specifier));
      if (libraryOf(own) === libraryOf(path) || (ofTests.test(own) && ofTests.test(path))) return;
      const door = `export what you need from the index.ts of ${libraryOf(path)} and import it by its # name.`;
      report({ node, message: `"${specifier}" comes in by the window: ${door}` });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/** @type {RuleModule} */
const reasonedSuppression = {
  meta: { type: 'problem', schema: [], docs: { description: 'A suppression carries its reason on the line.' } },
  create({ sourceCode, report }) {
    return {
      Program() {
        for (const comment of sourceCode.getAllComments()) {
          if (!/^\s*eslint-disable/.test(comment.value) || /\s--\s+\S/.test(comment.value)) continue;
          report({
            loc: comment.loc,
            message: 'Say why on the same line: // eslint-disable-next-line rule -- the reason.',
          });
        }
      },
    };
  },
};

const roleNames = '^(admin|officer|staff|organizer|instructor|member)$';
const quotedRoleNames = `'(admin|officer|staff|organizer|instructor|member)'`;

/** Bans on syntax. Flat configs replace a rule's options as a whole, so each group below is put together where it applies. */
export const ban = {
  defaultExport: {
    selector: 'ExportDefaultDeclaration',
    message: 'Export it by its name: a default export has as many names as importers.',
  },
  onlyTest: {
    selector: [
      'MemberExpression[object.name=/^(describe|it|test)$/][property.name="only"]',
      'CallExpression[callee.name=/^(fdescribe|fit)$/]',
    ].join(', '),
    message: 'Run one test with `npm test -- -t "its name"`; a committed .only hides all the others.',
  },
  retriedTest: {
    selector: 'CallExpression[callee.object.name="jest"][callee.property.name="retryTimes"]',
    message: 'A test that passes at the second try has failed: find what it races with.',
  },
  synchronize: {
    selector: 'Property[key.name="synchronize"][value.value=true]',
    message: 'Write a migration: synchronizing drops what the entities do not know, such as indexes and triggers.',
  },
  systemTime: {
    selector:
      'NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.object.name="Date"][callee.property.name="now"]',
    message:
      'Inject Clock from #kernel and ask its now(), so that tests and --as-of can set the time. (Elapsed time: performance.now().)',
  },
  environment: {
    selector: 'MemberExpression[object.name="process"][property.name="env"]',
    message: 'Add the variable to libs/platform/config, where it is validated, and inject CONFIG.',
  },
  roleName: {
    selector: [
      `Literal[value=/${roleNames}/]:not(Property[key.name="noun"] > Literal)`,
      `TemplateElement[value.raw=/${quotedRoleNames}/]`,
    ].join(', '),
    message:
      'Ask for a permission (holds, scopeOf): what a role may do, and so its name, is known to libs/access alone.',
  },
};

/** Bans on imports, likewise. */
export const refuse = {
  driver: {
    group: ['pg'],
    importNames: ['Client', 'Pool'],
    allowTypeImports: true,
    message: 'Import it from #platform/sessions, whose answers do not depend on what the server is set to.',
  },
  fastify: {
    group: ['fastify', 'fastify/*', '@fastify/*', '@nestjs/platform-fastify'],
    message:
      'Only libs/platform/http and apps/api know Fastify: give libs/platform/http a decorator or a function for what you need.',
  },
  aws: {
    group: ['@aws-sdk/*', '@smithy/*'],
    message: 'Only libs/platform/object-store knows the AWS SDK: ask the object store.',
  },
  environment: {
    regex: '^(node:)?process$',
    importNames: ['env'],
    message: ban.environment.message,
  },
  exceptions: {
    regex: '^@nestjs/common$',
    importNamePattern: 'Exception$',
    message: 'Throw a DomainError with a code of the catalogue: a status alone tells a client nothing to rely on.',
  },
  forwardRef: {
    regex: '^@nestjs/common$',
    importNames: ['forwardRef'],
    message: 'A cycle between providers is a missing third one, or a call in the wrong direction: move what both need.',
  },
};

const tests = ['**/*.spec.ts', '**/*.factory.ts', 'apps/*/test/**', 'test/**/*.ts', 'bench/**'];

/**
 * Files that may do what the others may not. The last entry that matches a file holds; test/laws/exemptions.spec.ts fails
 * on a ban that no such file needs to be exempt from.
 */
export const exemptions = [
  { files: ['migrations/**'], from: ['roleName'], because: 'the rows of the table roles are made in SQL' },
  { files: ['apps/api/**'], from: ['fastify'], because: 'it is the HTTP program' },
  {
    files: ['apps/api/src/first-boot.ts'],
    from: ['roleName'],
    because: 'it makes the first account of each kind',
  },
  {
    files: ['apps/api/src/health.service.ts'],
    from: ['exceptions'],
    because: 'Terminus throws one where something is down',
  },
  { files: ['libs/access/**'], from: ['roleName'], because: 'the one place that knows roles' },
  { files: ['libs/kernel/src/clock.ts'], from: ['systemTime'], because: 'it is the Clock' },
  { files: ['libs/audit/src/entry-lane.ts'], from: ['systemTime'], because: 'its deadlines live in real time' },
  { files: ['libs/auth/src/users.service.ts'], from: ['roleName'], because: 'the last administrator must remain' },
  { files: ['libs/platform/**'], from: ['systemTime'], because: 'deadlines, ids and lock files live in real time' },
  {
    files: ['libs/platform/config/**'],
    from: ['environment'],
    because: 'it reads and validates the environment',
  },
  {
    files: ['libs/platform/config/config.ts'],
    from: ['roleName'],
    because: 'it validates names of roles, and may not import libs/access',
  },
  {
    files: ['libs/platform/sessions/session.ts'],
    from: ['driver'],
    because: 'it makes the sessions',
  },
  {
    files: ['libs/platform/embedded-postgres/**'],
    from: ['driver', 'systemTime'],
    because: 'it depends on no setting, and on nothing of ours',
  },
  { files: ['libs/platform/http/**'], from: ['systemTime', 'fastify'], because: 'it wraps Fastify' },
  { files: ['libs/platform/object-store/**'], from: ['systemTime', 'aws'], because: 'it wraps the AWS SDK' },
  {
    files: tests,
    from: ['systemTime', 'environment', 'roleName', 'fastify', 'aws', 'driver'],
    because: 'tests look from outside',
  },
];

/** The rules that hold a file to every ban, save those it is exempt from. */
function bansExcept(from = []) {
  const syntax = Object.entries(ban).filter(([name]) => !from.includes(name));
  const patterns = Object.entries(refuse).filter(([name]) => !from.includes(name));
  return {
    'no-restricted-syntax': ['error', ...syntax.map(([, restriction]) => restriction)],
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: patterns.map(([, pattern]) => pattern) }],
  };
}

export default defineConfig(
  {
    ignores: ['dist/', 'node_modules/', '.data/', 'coverage/', 'libs/client/src/paths.ts'],
  },
  {
    files: ['**/*.{ts,mjs}'],
    extends: [js.configs.recommended],
    plugins: { house: { rules: { 'through-the-door': throughTheDoor, 'reasoned-suppression': reasonedSuppression } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' } },
    rules: {
      'house/reasoned-suppression': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...bansExcept(),
      'house/through-the-door': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A Nest module is an empty class under a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // An index may be written as one, so that a reader sees that nothing promises the key.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // It would have `x as T` written as `x!`, which no-non-null-assertion then refuses.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // A method that must return a promise may have nothing to wait for: migrations, no-op stops.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // The options of TypeORM and Nest are declared as classes and meant to be given as literals.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  ...exemptions.map(({ files, from }, index) => ({
    files,
    ignores: files === tests ? [] : tests,
    rules: bansExcept(from),
    // Tells the law which entry holds for a file.
    settings: { exemption: index },
  })),
  {
    files: ['**/*.{spec,factory}.ts', 'test/**', 'apps/*/test/**'],
    rules: {
      // A test takes replies, rows and mocks for what it says they are; where it is wrong, it fails.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['**/*.config.{ts,mjs}'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['bin/**', 'bench/**'], rules: { 'no-console': 'off' } },
);
