import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Folders that are Haraka plugins; each may use core, none another. */
const pluginFolders = ['audit', 'auth', 'outbound', 'sender', 'tls'];

/** Folders that run without Haraka, beside it; the command may use the page, not the other way round. */
const otherFolders = ['command', 'web'];

/** What others import is made of core, and of nothing that is made of it. */
const apiFolder = 'api';

const aboveCore = {
  regex: `/(?:${[...pluginFolders, ...otherFolders, apiFolder].join('|')})/`,
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

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'dist-next/',
      'var/',
      'coverage/',
      'examples/',
      'plugins/web/assets/',
      'scripts/demo/*.cjs',
      'scripts/demo/*.js',
      'scripts/benchmarks/*.js',
      'examples/',
      'test/haraka-plugins/',
      'test/support/*.cjs',
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      complexity: ['error', 12],
      'max-depth': ['error', 2],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 45, skipBlankLines: true, skipComments: true }],
      'no-control-regex': 'off',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['plugins/core/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [aboveCore],
        },
      ],
    },
  },
  {
    files: ['plugins/api/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^\\.(?!\\./core/)|^haraka',
              message: 'a package entry imports core, and neither another entry nor a plugin',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['plugins/core/**/*.ts'],
    ignores: ['plugins/core/haraka/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [aboveCore, { regex: '^haraka|/haraka/', message: 'only core/haraka knows Haraka' }] },
      ],
    },
  },
  ...pluginFolders.map((folder) => ({
    files: [`plugins/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^\\.\\./(?:${[...pluginFolders, ...otherFolders, apiFolder].filter((other) => other !== folder).join('|')})/`,
              message: 'a plugin does not import another plugin, the command, the page or a package entry',
            },
          ],
        },
      ],
    },
  })),
  {
    files: ['plugins/command/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `/(?:${[...pluginFolders, apiFolder].join('|')})/|/core/haraka/(?!instance\\.ts$)|^haraka`,
              message: 'the command runs without Haraka, and knows what plugins share',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['plugins/web/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `/(?:${[...pluginFolders, 'command', apiFolder].join('|')})/|/core/haraka/|^haraka`,
              message: 'the page runs without Haraka, and knows what plugins share',
            },
          ],
        },
      ],
    },
  },
  {
    files: policyModules,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^node:|^haraka|/patches/', message: 'a policy does no input or output' },
            {
              regex: '/haraka/(?!facts|session)',
              message: 'a policy knows facts, not Haraka',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'Date', 'performance', 'process', 'setTimeout'],
    },
  },
  {
    files: ['test/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      // node:test reports the promises of describe and it by itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['describe', 'it', 'test'] },
          ],
        },
      ],
    },
  },
  { files: ['**/*.d.ts'], rules: { 'no-restricted-exports': 'off' } },
  { files: ['*.js'], extends: [tseslint.configs.disableTypeChecked] },
  { files: ['eslint.config.js'], rules: { 'no-restricted-exports': 'off', 'max-lines': 'off' } },
);
