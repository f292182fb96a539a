import tseslint from 'typescript-eslint';

const code = '**/*.ts';
const specs = ['**/*.{spec,contract}.ts', 'libs/testing/**/*.ts', 'test/**/*.ts'];
const tools = ['scripts/**', 'bench/**', '*.{mjs,cjs}'];
const pureCode = ['**/*.decider.ts', 'libs/events/src/**/*.ts'];

const cipherFunction = /^(create(C|Dec)ipher(iv)?|(public|private)(En|De)crypt|subtle)$/;

/** What must not be written, each with what to write instead. In flat config a later block replaces a rule's options, so every block concatenates its list. */
const never = [
  {
    selector: 'MemberExpression[object.name="Math"][property.name="random"]',
    message: 'Math.random is predictable: take ids and random bytes from node:crypto.',
  },
  {
    selector: 'ExportDefaultDeclaration, TSExportAssignment',
    message: 'Named exports only: a name that grep finds.',
  },
  {
    selector: 'MethodDefinition[accessibility="private"][kind!="constructor"]',
    message: 'Write a private method as #method, like a private field.',
  },
];
const noLongLists = [
  {
    selector:
      ':function[params.length>3]:not(MethodDefinition[kind="constructor"] > *), TSMethodSignature[params.length>3]',
    message: 'At most 3 parameters; take an options object.',
  },
  {
    // Nest fills a constructor's list one by one, so it cannot be an options object; it is bounded all the same.
    selector: 'MethodDefinition[kind="constructor"] > FunctionExpression[params.length>6]',
    message: 'At most 6 collaborators; a class that needs more does more than one thing.',
  },
];
const noCipher = [
  {
    selector: `Identifier[name=${String(cipherFunction)}]`,
    message: 'Ciphers live in libs/crypto; seal and open there.',
  },
  {
    selector:
      ':matches(Literal[value=/\\b(aes|chacha20)-/i], TemplateElement[value.raw=/\\b(aes|chacha20)-/i])',
    message: 'A cipher is named in libs/crypto alone.',
  },
];
const noEnvironment = [
  {
    selector:
      'MemberExpression[object.name="process"][property.name="env"], ImportSpecifier[imported.name="env"]',
    message: "Settings are read in a service's config.ts and passed on.",
  },
];
const noTime = ['Date', 'performance', 'crypto', 'process', 'setTimeout', 'setInterval', 'setImmediate'].map(
  (name) => ({
    name,
    message: 'Deciders and events are pure: time, ids and randomness come in as arguments.',
  }),
);

const noOtherClock = [
  {
    name: 'performance',
    message: 'A service tells durations by the clock that it is given: a test can move that one.',
  },
];
/** Here no clock is given yet. */
const clockless = [
  'services/api-gateway/src/limits/rate-limits.ts',
  'services/audit-relay/src/audit/audit-relay.ts',
  'services/move/src/patiently.ts',
  'services/secrets-command/src/secrets/secret-quota.ts',
];

const syntax = (...lists) => ({ 'no-restricted-syntax': ['error', ...lists.flat()] });

const rules = {
  'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true, IIFEs: true }],
  complexity: ['error', 10],
  eqeqeq: 'error',
  'no-console': 'error',
};
const typedRules = {
  // Relies on emitDecoratorMetadata in tsconfig.json: without it the fix would turn injected classes into type imports.
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

/** Mistakes that neither the compiler nor the strict set below sees. */
const mistakes = Object.fromEntries(
  [
    ...['no-cond-assign', 'no-constant-condition', 'no-control-regex', 'no-empty', 'no-fallthrough'],
    ...['no-misleading-character-class', 'no-self-assign', 'no-unsafe-finally', 'no-useless-escape'],
  ].map((name) => [name, 'error']),
);

/** What the house test plants a breach of: our rules by name, our restrictions by message. */
export const planted = {
  rules: Object.keys({ ...rules, ...typedRules }),
  restrictions: [...never, ...noLongLists, ...noCipher, ...noEnvironment, ...noOtherClock, ...noTime].map(
    ({ message }) => message,
  ),
};

/** The strict set as typescript-eslint ships it, with these exceptions. */
const exceptions = {
  '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
  '@typescript-eslint/no-confusing-void-expression': 'off',
  // Nest's options are classes that are meant to be filled from literals.
  '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  // An async function without an await turns what it throws into a rejection, as its port promises.
  '@typescript-eslint/require-await': 'off',
};

export default tseslint.config(
  { ignores: ['dist/', 'data/', 'coverage/', '.cache/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: [code],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...mistakes,
      ...rules,
      ...typedRules,
      ...exceptions,
      ...syntax(never, noLongLists, noCipher, noEnvironment),
    },
  },
  // An engine is loaded when it is chosen; written so, the bundle has it, too.
  { files: ['libs/*/src/open-*.ts'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  {
    files: ['services/**/*.ts'],
    ignores: clockless,
    rules: { 'no-restricted-globals': ['error', ...noOtherClock] },
  },
  { files: pureCode, rules: { 'no-restricted-globals': ['error', ...noTime] } },
  { files: ['services/*/src/config.ts'], rules: syntax(never, noLongLists, noCipher) },
  { files: ['libs/crypto/**/*.ts'], rules: syntax(never, noLongLists, noEnvironment) },
  {
    files: specs,
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      complexity: 'off',
      'no-restricted-globals': 'off',
      ...syntax(never, noCipher),
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  // Specs of the cipher room; and planted breaches, which are texts.
  { files: ['libs/crypto/**/*.spec.ts', 'test/house/**'], rules: syntax(never) },
  {
    files: ['**/*.{mjs,cjs}'],
    extends: [tseslint.configs.strict],
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
    rules: { ...mistakes, ...rules, 'no-undef': 'error' },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', module: 'writable', __dirname: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['services/api-gateway/{pages,sign-in-page}/**'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...[
            'addEventListener',
            'document',
            'history',
            'location',
            'matchMedia',
            'sessionStorage',
            'window',
          ],
          ...['FormData', 'HTMLFormElement'],
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  { files: ['scripts/check-node.mjs'], rules: { 'no-var': 'off', 'prefer-template': 'off' } },
  { files: tools, rules: { 'no-console': 'off' } },
);
