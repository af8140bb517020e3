import { defineConfig, type OxlintOverride } from 'oxlint';

/** Folders that are Haraka plugins; each may use core, none another. */
const pluginFolders = ['audit', 'auth', 'outbound', 'sender', 'tls'];

/** Folders that run without Haraka, beside it; the command may use the page, not the other way round. */
const otherFolders = ['command', 'web'];

/** What others import is made of core, and of nothing that is made of it. */
const apiFolder = 'api';

const all = [...pluginFolders, ...otherFolders, apiFolder];

const anyOf = (folders: readonly string[]) => `(?:${folders.join('|')})`;

/** What files may not import: a regular expression or paths, and why. */
interface Restriction {
  readonly regex?: string;
  readonly group?: string[];
  readonly message: string;
}

const mayNotImport = (files: string[], ...patterns: Restriction[]): OxlintOverride => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

const aboveCore: Restriction = {
  regex: `/${anyOf(all)}/`,
  message: 'core does not know the plugins, the command, the page and the package entries',
};

/** A policy module is pure: no Haraka, no platform, no clock. */
const policyModules = [
  'plugins/*/decide.ts',
  'plugins/auth/guessing/decide.ts',
  'plugins/auth/oauth/decide.ts',
  'plugins/auth/mechanisms/bearer.ts',
  'plugins/core/criteria/criteria.ts',
  'plugins/core/guessing/*.ts',
  'plugins/core/rights.ts',
  'plugins/core/inbound/*.ts',
  'plugins/sender/{author,envelope,header,origin,received}.ts',
  'plugins/outbound/gate.ts',
];

const errors = (rules: readonly string[]) =>
  Object.fromEntries(rules.map((rule) => [rule, 'error'] as const));

/** What is a mistake in JavaScript, as far as the compiler does not say so itself. */
const javaScript = errors([
  ...['for-direction', 'no-async-promise-executor', 'no-case-declarations', 'no-compare-neg-zero'],
  ...['no-cond-assign', 'no-constant-binary-expression', 'no-constant-condition', 'no-debugger'],
  ...['no-delete-var', 'no-dupe-else-if', 'no-duplicate-case', 'no-empty', 'no-empty-character-class'],
  ...['no-empty-pattern', 'no-empty-static-block', 'no-ex-assign', 'no-extra-boolean-cast', 'no-fallthrough'],
  ...['no-global-assign', 'no-invalid-regexp', 'no-irregular-whitespace', 'no-loss-of-precision'],
  ...['no-misleading-character-class', 'no-nonoctal-decimal-escape', 'no-prototype-builtins'],
  ...['no-regex-spaces', 'no-self-assign', 'no-shadow-restricted-names', 'no-sparse-arrays'],
  ...['no-unassigned-vars', 'no-unexpected-multiline', 'no-unsafe-finally', 'no-unsafe-optional-chaining'],
  ...['no-unused-labels', 'no-unused-private-class-members', 'no-useless-assignment'],
  ...['no-useless-backreference', 'no-useless-catch', 'no-useless-escape', 'preserve-caught-error'],
  ...['require-yield', 'use-isnan', 'valid-typeof', 'no-array-constructor', 'no-unused-expressions'],
  ...['no-useless-constructor', 'no-empty-function', 'no-var', 'prefer-const', 'prefer-rest-params'],
  'prefer-spread',
]);

/** What TypeScript lets pass: values that nobody has looked at, promises that nobody waits for, conditions that always hold. */
const typeScript = errors(
  [
    ...[
      'await-thenable',
      'no-array-delete',
      'no-base-to-string',
      'no-deprecated',
      'no-duplicate-enum-values',
    ],
    ...['no-duplicate-type-constituents', 'no-dynamic-delete', 'no-empty-object-type', 'no-explicit-any'],
    ...['no-extra-non-null-assertion', 'no-extraneous-class', 'no-floating-promises', 'no-for-in-array'],
    ...['no-generated-empty-object-type', 'no-implied-eval', 'no-invalid-void-type'],
    ...['no-meaningless-void-operator', 'no-misused-new', 'no-misused-promises', 'no-misused-spread'],
    ...['no-mixed-enums', 'no-namespace', 'no-non-null-asserted-nullish-coalescing'],
    ...['no-non-null-asserted-optional-chain', 'no-non-null-assertion', 'no-redundant-type-constituents'],
    ...['no-require-imports', 'no-this-alias', 'no-unnecessary-boolean-literal-compare'],
    ...['no-unnecessary-condition', 'no-unnecessary-template-expression', 'no-unnecessary-type-arguments'],
    ...['no-unnecessary-type-assertion', 'no-unnecessary-type-constraint', 'no-unnecessary-type-conversion'],
    ...['no-unnecessary-type-parameters', 'no-unsafe-argument', 'no-unsafe-assignment', 'no-unsafe-call'],
    ...['no-unsafe-declaration-merging', 'no-unsafe-enum-comparison', 'no-unsafe-function-type'],
    ...['no-unsafe-member-access', 'no-unsafe-return', 'no-unsafe-unary-minus'],
    ...['no-useless-default-assignment', 'no-wrapper-object-types', 'only-throw-error', 'prefer-as-const'],
    ...['prefer-literal-enum-member', 'prefer-namespace-keyword', 'prefer-promise-reject-errors'],
    ...['prefer-reduce-type-parameter', 'prefer-return-this-type', 'related-getter-setter-pairs'],
    ...['require-await', 'triple-slash-reference', 'unbound-method', 'unified-signatures'],
    ...['use-unknown-in-catch-callback-variable', 'adjacent-overload-signatures', 'array-type'],
    ...['ban-tslint-comment', 'class-literal-property-style', 'consistent-generic-constructors'],
    ...['consistent-indexed-object-style', 'consistent-type-assertions', 'consistent-type-definitions'],
    ...['dot-notation', 'no-confusing-non-null-assertion', 'no-inferrable-types'],
    ...['non-nullable-type-assertion-style', 'prefer-find', 'prefer-for-of', 'prefer-function-type'],
    ...['prefer-includes', 'prefer-nullish-coalescing', 'prefer-optional-chain', 'prefer-regexp-exec'],
    ...['prefer-string-starts-ends-with', 'switch-exhaustiveness-check'],
  ].map((rule) => `typescript/${rule}`),
);

const noPlusOfOthers = {
  ...{ allowAny: false, allowBoolean: false, allowNullish: false },
  ...{ allowNumberAndString: false, allowRegExp: false },
};

const counted = { skipBlankLines: true, skipComments: true };

export default defineConfig({
  plugins: ['typescript'],
  categories: { correctness: 'off' },
  // What the compiler says is said, too.
  options: { typeAware: true, typeCheck: true },
  ignorePatterns: [
    ...['dist/', 'dist-next/', 'var/', 'coverage/', 'examples/', 'plugins/web/assets/'],
    ...['scripts/demo/*.cjs', 'scripts/demo/*.js', 'scripts/benchmarks/*.js'],
    ...['test/haraka-plugins/', 'test/support/*.cjs'],
  ],
  rules: {
    ...javaScript,
    ...typeScript,
    complexity: ['error', 12],
    'max-depth': ['error', 2],
    'max-lines': ['error', { max: 300, ...counted }],
    'max-lines-per-function': ['error', { max: 45, ...counted }],
    'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    'no-unused-vars': [
      'error',
      { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
    ],
    'typescript/ban-ts-comment': ['error', { minimumDescriptionLength: 10 }],
    'typescript/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    'typescript/restrict-plus-operands': ['error', noPlusOfOthers],
    'typescript/restrict-template-expressions': ['error', { allowNumber: true }],
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
  },
  overrides: [
    mayNotImport(['plugins/core/**/*.ts'], aboveCore, {
      regex: '^haraka|/haraka/',
      message: 'only core/haraka knows Haraka',
    }),
    mayNotImport(['plugins/core/haraka/**/*.ts'], aboveCore),
    mayNotImport([`plugins/${apiFolder}/**/*.ts`], {
      regex: `^\\./|^\\.\\./(?:\\.\\.|${anyOf(all)}/)|^haraka`,
      message: 'a package entry imports core, and neither another entry nor a plugin',
    }),
    ...pluginFolders.map((folder) =>
      mayNotImport([`plugins/${folder}/**/*.ts`], {
        regex: `^\\.\\./${anyOf(all.filter((other) => other !== folder))}/`,
        message: 'a plugin does not import another plugin, the command, the page or a package entry',
      }),
    ),
    mayNotImport(
      ['plugins/command/**/*.ts'],
      {
        regex: `/${anyOf([...pluginFolders, apiFolder])}/|^haraka`,
        message: 'the command runs without Haraka, and knows what plugins share',
      },
      {
        group: ['**/core/haraka/**', '!**/core/haraka/instance.ts'],
        message: 'the command runs without Haraka, and knows of it where the instance is',
      },
    ),
    mayNotImport(['plugins/web/**/*.ts'], {
      regex: `/${anyOf([...pluginFolders, 'command', apiFolder])}/|/core/haraka/|^haraka`,
      message: 'the page runs without Haraka, and knows what plugins share',
    }),
    mayNotImport(
      policyModules,
      { ...aboveCore, message: 'a policy knows core and what is beside it' },
      { regex: '^node:|^haraka|/patches/', message: 'a policy does no input or output' },
      {
        group: ['**/haraka/**', '!**/haraka/facts.ts', '!**/haraka/facts/**', '!**/haraka/session*.ts'],
        message: 'a policy knows facts, not Haraka',
      },
    ),
    {
      files: policyModules,
      rules: { 'no-restricted-globals': ['error', 'Date', 'performance', 'process', 'setTimeout'] },
    },
    {
      files: ['test/**/*.ts', 'scripts/**/*.ts'],
      rules: {
        'max-lines-per-function': 'off',
        // node:test reports the promises of describe and it by itself.
        'typescript/no-floating-promises': [
          'error',
          {
            allowForKnownSafeCalls: [
              { from: 'package', package: 'node:test', name: ['describe', 'it', 'test'] },
            ],
          },
        ],
      },
    },
    { files: ['**/*.d.ts', '*.config.ts'], rules: { 'no-restricted-exports': 'off' } },
  ],
});
