const { readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');

const swc = { ...JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8')), swcrc: false };

const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: { '\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: { '^#libs/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts' },
  setupFiles: ['<rootDir>/scripts/no-proto-setter.cjs', 'reflect-metadata'],
  ...extra,
});

/** Specs that look at what the embedded stores keep on the disk, or at the one process, begin with this line and the reason. */
const isStandaloneOnly = (file) => readFileSync(file, 'utf8').startsWith('// Standalone only: ');
const e2e = path.join(__dirname, 'test', 'e2e');
const blackBox = readdirSync(e2e).filter(
  (name) => name.endsWith('.e2e.spec.ts') && !isStandaloneOnly(path.join(e2e, name)),
);
const rig = {
  globalSetup: '<rootDir>/test/split/global-setup.cjs',
  globalTeardown: '<rootDir>/test/split/global-teardown.cjs',
};
/** With HKLST_E2E=split: the black-box specs once more, on five processes. */
const onFiveProcesses = [
  project(
    'e2e-split',
    blackBox.map((name) => `test/e2e/${name}`),
    rig,
  ),
];

/** unit: no I/O · int: one real dependency · house: the code itself · e2e: the built server, from outside · split: the services apart. */
module.exports = {
  projects:
    process.env.HKLST_E2E === 'split'
      ? onFiveProcesses
      : [
          project('unit', ['{libs,services}/**/*.unit.spec.ts']),
          project('int', ['{libs,services}/**/*.int.spec.ts']),
          project('house', ['test/house/*.spec.ts']),
          project('e2e', ['test/e2e/*.e2e.spec.ts']),
          project('split', ['test/split/*.e2e.spec.ts'], rig),
        ],
};
