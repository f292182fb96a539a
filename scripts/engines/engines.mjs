// Installs and runs real servers for the tests, on machines with only Node, Python, Java and their package registries.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cache, installEngines } from './install-engines.cjs';
import { startKafka } from './start-kafka.cjs';
import { startMongo } from './start-mongo.cjs';

const usage = `Usage: node scripts/engines/engines.mjs COMMAND

  install            Download Kafka and a MongoDB server into .cache/engines.
  install-compose    Build the validator of compose files there; it needs Go.
  start              Start both on free ports, with no data, and print their addresses as
                     TEST_KAFKA_BROKERS=… and TEST_MONGODB_URL=…; .cache/engines/env keeps them.
  stop               Stop what start has started, and remove its data.
  exec -- COMMAND …  Start both, run COMMAND with these variables set, stop both, and exit with
                     COMMAND's code.

start and exec install what is missing.`;

const dataDir = path.join(cache, 'data');
const envFile = path.join(cache, 'env');
const pidFile = path.join(cache, 'pids');
const stopMsMax = 20_000;
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const commands = {
  install: () => installEngines(),
  'install-compose': () => installEngines(['compose']),
  async start() {
    if (runningPids().length < 2) {
      await commands.stop();
      const { servers, env } = await startBoth(dataDir, { outlives: true });
      writeFileSync(pidFile, servers.map(({ pid }) => `${pid}\n`).join(''));
      writeFileSync(envFile, linesOf(env));
    }
    process.stdout.write(readFileSync(envFile, 'utf8'));
  },
  async stop() {
    const pids = runningPids();
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    const giveUpAt = Date.now() + stopMsMax;
    while (runningPids().length > 0 && Date.now() < giveUpAt)
      await new Promise((resolve) => setTimeout(resolve, 100));
    for (const pid of runningPids()) process.kill(pid, 'SIGKILL');
    for (const left of [pidFile, envFile, dataDir]) rmSync(left, { recursive: true, force: true });
  },
  async exec([separator, command, ...args]) {
    if (separator !== '--' || command === undefined) return fail(usage);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'hklst-engines-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    const { servers, env } = await startBoth(folder);
    try {
      process.exitCode = await run(command, args, { ...process.env, ...env });
    } finally {
      await Promise.all(servers.map((server) => server.kill()));
    }
  },
};

async function startBoth(folder, options) {
  installEngines();
  const starts = await Promise.allSettled([
    startKafka({ dataDir: path.join(folder, 'kafka'), ...options }),
    startMongo({ dataDir: path.join(folder, 'mongo'), ...options }),
  ]);
  const failed = starts.find(({ status }) => status === 'rejected');
  const servers = starts.flatMap(({ value }) => value ?? []);
  if (failed) {
    await Promise.all(servers.map((server) => server.kill()));
    throw failed.reason;
  }
  const [kafka, mongo] = servers;
  return { servers, env: { TEST_KAFKA_BROKERS: kafka.brokers, TEST_MONGODB_URL: mongo.url } };
}

/** Runs a command and gives its exit code as a shell would. Signals go to the command; this process ends after it. */
function run(command, args, env) {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  for (const signal of endings) process.removeAllListeners(signal).on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
  });
}

function exitCodeOf(signal) {
  return 128 + os.constants.signals[signal];
}

/**
 * Gives the running servers that `start` has started. The system may have reused a process id, so each is recognised by
 * our folder in its arguments.
 */
function runningPids() {
  if (!existsSync(pidFile)) return [];
  const pids = readFileSync(pidFile, 'utf8').split('\n').filter(Boolean);
  const isOurs = (pid) =>
    spawnSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' }).stdout.includes(dataDir);
  return pids.filter(isOurs).map(Number);
}

function linesOf(env) {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function fail(text) {
  console.error(text);
  process.exitCode = 2;
}

// On exit, the servers are ended. A signal that kills this process would leave them running.
for (const signal of endings) process.on(signal, () => process.exit(exitCodeOf(signal)));
const [name, ...args] = process.argv.slice(2);
try {
  if (name === '--help' || name === undefined) console.log(usage);
  else if (Object.hasOwn(commands, name)) await commands[name](args);
  else fail(usage);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
