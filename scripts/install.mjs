import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

/** Runs `npm ci` when the installed packages are not those of package-lock.json. */
export function install() {
  if (isInstalled()) return;
  console.log('Installing the packages of package-lock.json from the npm registry; this takes a minute.');
  // Development packages are installed in production mode too, because the build needs its compiler.
  const options = { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' };
  const flags = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error', ...impatient];
  const npm = spawnSync('npm', ['ci', ...flags], options);
  if (npm.status === 0) return;
  console.error(failureOf(npm));
  process.exit(1);
}

/** Shortens npm's pauses between its attempts, which add up to 90 seconds by default. */
const impatient = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
const AWAY = /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT/;

function failureOf({ error, stderr }) {
  if (error)
    return `npm cannot be run (${error.code}): it comes with Node; put both on the PATH and try again.`;
  const said = stderr.toString().trim();
  const [reason] = AWAY.exec(said) ?? [];
  if (reason === undefined) return `${said}\nnpm ci failed: mend what it says above and try again.`;
  return `The npm registry cannot be reached (${reason}): this first step needs the network, or a proxy that npm knows. Try again with it.`;
}

/** Compares package-lock.json with npm's record in node_modules. An incomplete installation has no such record. */
export function isInstalled() {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const found = packagesOf(record);
  return Object.entries(packagesOf(path.join(root, 'package-lock.json'))).every(
    // '' is this project. Optional packages may be for other platforms.
    ([name, wanted]) => name === '' || wanted.optional || found[name]?.version === wanted.version,
  );
}

function packagesOf(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
}
