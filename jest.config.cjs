const { readFileSync } = require('node:fs');

const swc = { ...JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8')), swcrc: false };

const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: { '\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: { '^#libs/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts' },
  setupFiles: ['reflect-metadata'],
  ...extra,
});

/** unit: no I/O · int: one real dependency · house: the code itself · e2e: the built server, from outside. */
module.exports = {
  projects: [
    project('unit', ['{libs,services}/**/*.unit.spec.ts']),
    project('int', ['{libs,services}/**/*.int.spec.ts']),
    project('house', ['test/house/*.spec.ts']),
    project('e2e', ['test/e2e/*.e2e.spec.ts']),
  ],
};
