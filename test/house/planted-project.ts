import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './tracked-files';

/** A file that breaks a rule, and what must be reported for it: the rule's name, or the beginning of its message. */
export type Breach = readonly [file: string, rule: string, text: string];

export interface PlantedProject {
  /** Runs a tool of node_modules in the project, and gives its output, even if it reports errors. */
  run(tool: string, ...options: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

export const libs = readdirSync(path.join(root, 'libs')).filter((lib) => lib !== 'testing');

const settings = ['package.json', 'tsconfig.json', 'eslint.config.mjs', '.dependency-cruiser.cjs'];

/** The files that the planted files import. */
const scenery: Record<string, string> = {
  ...Object.fromEntries(
    [...libs, 'testing'].map((lib) => [`libs/${lib}/src/index.ts`, 'export const entry = 1;\n']),
  ),
  'libs/kernel/src/index.ts': "export { Word } from './word';\n",
  'libs/kernel/src/word.ts': 'export class Word {\n  readonly letters = 1;\n}\n',
  'services/access/src/main.ts': 'export const main = 1;\n',
};

/** Makes a project in a temporary directory from the given files, with our folders and rules. */
export async function plant(files: Readonly<Record<string, string>>): Promise<PlantedProject> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hklst-planted-'));
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  for (const file of settings) await cp(path.join(root, file), path.join(folder, file));
  for (const [file, text] of Object.entries({ ...scenery, ...files })) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  return {
    run: (tool, ...options) =>
      new Promise((resolve) => {
        const args = [path.join(root, 'node_modules', tool), ...options];
        // A tool that reports a breach exits with an error code, so the code is ignored and the output counts.
        execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (_, stdout, stderr) =>
          resolve(stdout || stderr),
        );
      }),
    remove: () => rm(folder, { recursive: true }),
  };
}

export function textsOf(breaches: readonly Breach[]): Record<string, string> {
  return Object.fromEntries(breaches.map(([file, , text]) => [file, text]));
}
