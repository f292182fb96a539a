import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Makes a folder that only its owner can use. An existing folder gets the same mode. */
export function makePrivateFolder(folder) {
  makeFolder(folder);
  if (!statSync(folder).isDirectory()) throw new Error(`${folder} is a file, not a folder.`);
  chmodSync(folder, 0o700);
}

/**
 * Makes one level after the other. Node's `recursive` never ends where the file system allows no folder, as in /proc.
 */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
