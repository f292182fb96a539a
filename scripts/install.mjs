import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

/** Runs `npm ci` when what is installed is not what package-lock.json asks for. */
export function install() {
  if (isInstalled()) return;
  console.log('Installing the packages of package-lock.json from the npm registry; this takes a minute.');
  // Production mode included: the build needs its compiler.
  const options = { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' };
  const flags = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error', ...impatient];
  const npm = spawnSync('npm', ['ci', ...flags], options);
  if (npm.status === 0) return;
  console.error(failureOf(npm));
  process.exit(1);
}

/** npm's own pauses between its tries add up to a minute and a half. */
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
