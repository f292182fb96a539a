import { execFileSync } from 'node:child_process';
import { plant, textsOf, type Breach, type PlantedProject } from './planted-project';
import { root } from './tracked-files';

const lines = (count: number, text: string) => `${text}\n`.repeat(count);
const chance = 'export const r = Math.random();\n';
const environment = 'export const e = process.env;\n';
const cipher = "export { createCipheriv } from 'node:crypto';\n";

const breaches: Breach[] = [
  ['libs/kernel/src/long.ts', 'max-lines', lines(401, 'void 0;')],
  ['libs/kernel/src/tall.ts', 'max-lines-per-function', `export function f() {\n${lines(70, 'void 0;')}}\n`],
  [
    'libs/kernel/src/wide.ts',
    'At most 3 parameters',
    'export const f = (a: 1, b: 1, c: 1, d: 1) => [a, b, c, d];\n',
  ],
  [
    'libs/kernel/src/wide-method.ts',
    'At most 3 parameters',
    'export class C {\n  f(a: 1, b: 1, c: 1, d: 1) {}\n}\n',
  ],
  [
    'services/access/src/greedy.ts',
    'At most 6 collaborators',
    'export class C {\n  constructor(a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1) {}\n}\n',
  ],
  [
    'libs/kernel/src/knot.ts',
    'complexity',
    `export function f(a: number) {\n${lines(10, 'if (a > 1) a--;')}}\n`,
  ],
  ['libs/kernel/src/loose.ts', 'eqeqeq', 'export const same = (a: unknown) => a == 1;\n'],
  ['libs/kernel/src/printed.ts', 'no-console', "console.log('x');\n"],
  [
    'libs/kernel/src/typed.ts',
    '@typescript-eslint/consistent-type-imports',
    "import { Word } from './word';\nexport const w = {} as Word;\n",
  ],
  [
    'libs/kernel/src/passed.ts',
    '@typescript-eslint/consistent-type-exports',
    "import type { Word } from './word';\nexport { Word };\n",
  ],
  ['libs/kernel/src/left.ts', '@typescript-eslint/no-floating-promises', 'Promise.resolve(1);\n'],
  [
    'libs/kernel/src/half.ts',
    '@typescript-eslint/switch-exhaustiveness-check',
    "export function f(a: 'x' | 'y') {\n  switch (a) {\n    case 'x':\n      return 1;\n  }\n  return 2;\n}\n",
  ],
  ['libs/kernel/src/chance.ts', 'Math.random is predictable', chance],
  ['libs/kernel/src/nameless.ts', 'Named exports only', 'export default 1;\n'],
  [
    'libs/kernel/src/hidden.ts',
    'Write a private method as #method',
    'export class C {\n  private f() {}\n}\n',
  ],
  ['libs/kernel/src/cipher.ts', 'Ciphers live in libs/crypto', cipher],
  ['libs/kernel/src/suite.ts', 'A cipher is named in libs/crypto', "export const suite = 'aes-256-gcm';\n"],
  [
    'libs/kernel/src/template.ts',
    'A cipher is named in libs/crypto',
    'export const f = (n: 1) => `AES-${n}`;\n',
  ],
  ['libs/kernel/src/environment.ts', 'Settings are read', environment],
  [
    'services/access/src/now.decider.ts',
    'Deciders and events are pure',
    'export const now = () => Date.now();\n',
  ],
  [
    'services/access/src/new.decider.ts',
    'Deciders and events are pure',
    'export const now = () => new Date();\n',
  ],
  [
    'libs/events/src/late.ts',
    'Deciders and events are pure',
    'export const f = () => setTimeout(() => 1, 1);\n',
  ],
  [
    'services/access/src/waited.ts',
    'A service tells durations by the clock',
    'export const now = () => performance.now();\n',
  ],
  // A block that allows one thing still forbids the others: flat config replaces a rule's options, it does not merge.
  ['services/access/src/config.ts', 'Math.random is predictable', chance],
  ['libs/crypto/src/chance.ts', 'Math.random is predictable', chance],
  ['libs/crypto/src/environment.ts', 'Settings are read', environment],
  ['libs/kernel/src/cipher.unit.spec.ts', 'Ciphers live in libs/crypto', cipher],
];

const allowed = {
  'libs/crypto/src/aead.ts': `${cipher}export const suite = 'aes-256-gcm';\n`,
  'services/secrets-query/src/config.ts': environment,
  'services/secrets-query/src/rich.ts':
    'export class Rich {\n  constructor(readonly a: 1, readonly b: 1, readonly c: 1, readonly d: 1) {}\n}\n',
  'services/secrets-query/src/later.decider.ts': 'export const later = (now: Date) => now.toISOString();\n',
  // Nest injects by the class that emitDecoratorMetadata keeps; as a type import it would be gone.
  'services/secrets-query/src/reader.ts':
    "import { Injectable } from '@nestjs/common';\nimport { Word } from '#libs/kernel';\n\n" +
    '@Injectable()\nexport class Reader {\n  constructor(readonly word: Word) {}\n}\n',
};

interface FileReport {
  filePath: string;
  messages: { ruleId: string | null; message: string }[];
}

describe('eslint.config.mjs', () => {
  let project: PlantedProject;
  let reports: FileReport[];
  const reportedOn = (file: string) =>
    reports
      .filter(({ filePath }) => filePath.endsWith(`/${file}`))
      .flatMap(({ messages }) => messages.map(({ ruleId, message }) => `${String(ruleId)}: ${message}`));

  beforeAll(async () => {
    project = await plant({ ...textsOf(breaches), ...allowed });
    reports = JSON.parse(await project.run('eslint/bin/eslint.js', '--format', 'json', '.')) as FileReport[];
  }, 60_000);

  afterAll(() => project.remove());

  it.each(breaches)('reports %s: %s', (file, rule) => {
    expect(reportedOn(file)).toContainEqual(expect.stringContaining(rule));
  });

  it.each(Object.keys(allowed))('has nothing against %s', (file) => {
    expect(reportedOn(file)).toEqual([]);
  });

  it('has no rule of ours without a planted breach', () => {
    const print =
      "import { planted } from './eslint.config.mjs'; process.stdout.write(JSON.stringify(planted))";
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', print], { cwd: root });
    const ours = JSON.parse(output.toString()) as { rules: string[]; restrictions: string[] };
    const unproven = [...ours.rules, ...ours.restrictions].filter(
      (rule) => !breaches.some(([, proven]) => rule.startsWith(proven)),
    );
    expect(unproven).toEqual([]);
  });
});
