import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

/** Runs `npm ci` when what is installed is not what package-lock.json asks for. */
export function install() {
  if (isInstalled()) return;
  console.log('Installing the packages of package-lock.json; this takes a minute.');
  // Production mode included: the build needs its compiler.
  const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' };
  const npm = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], options);
  if (npm.status === 0) return;
  console.error('npm ci failed: mend what it says above and try again.');
  process.exit(1);
}

/** npm records what it put into node_modules when it is done; a broken or missing install has no such record. */
export function isInstalled() {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const found = packagesOf(record);
  return Object.entries(packagesOf(path.join(root, 'package-lock.json'))).every(
    // '' is this project; optional packages are those of other platforms.
    ([name, wanted]) => name === '' || wanted.optional || found[name]?.version === wanted.version,
  );
}

function packagesOf(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
}
