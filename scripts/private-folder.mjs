import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Makes a folder that is its owner's alone; one that is there becomes so. */
export function makePrivateFolder(folder) {
  makeFolder(folder);
  if (!statSync(folder).isDirectory()) throw new Error(`${folder} is a file, not a folder.`);
  chmodSync(folder, 0o700);
}

/** One level after the other: Node's own `recursive` tries for ever where the file system takes no folder, as in /proc. */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
