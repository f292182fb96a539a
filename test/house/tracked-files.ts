import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.join(__dirname, '..', '..');

/** Gives the paths of all files that are tracked or could be added, relative to the root of the repository. */
export function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  return list
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(path.join(root, file)));
}

/** Gives the TypeScript files of the product: libs/ and services/, without the files that only tests load. */
export function productFiles(): string[] {
  const isProduct = (file: string) =>
    /^(libs|services)\/.*\.ts$/.test(file) && !/\.(spec|contract)\.ts$/.test(file);
  return trackedFiles().filter((file) => isProduct(file) && !file.startsWith('libs/testing/'));
}

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
