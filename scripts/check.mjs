// `npm run check [-- step …]`: runs every check of the code that does not start the server.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { readArguments, refuseArguments } from './command-line.mjs';
import { install } from './install.mjs';

const root = path.join(import.meta.dirname, '..');

// The longest step comes first, so that both lanes end at about the same time.
const steps = {
  tests: ['jest/bin/jest.js', '--selectProjects', 'unit', 'house', '--maxWorkers=1', '--forceExit'],
  lint: ['eslint/bin/eslint.js', '--max-warnings=0', '.'],
  types: ['typescript/bin/tsc', '-p', 'tsconfig.json'],
  format: ['prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
  dependencies: ['dependency-cruiser/bin/dependency-cruise.mjs', 'libs', 'services', 'test', 'bench'],
  generated: ['../scripts/gen.mjs', '--check'],
};

const command = 'npm run check --';
const usage = `Usage: npm run check -- [step …]

Runs what can be said about the code without starting it: all of it, or the
steps named. They are ${Object.keys(steps).join(', ')}.`;
const { positionals: chosen } = readArguments({ command, usage, allowPositionals: true });
const unknown = chosen.find((name) => !Object.hasOwn(steps, name));
if (unknown !== undefined)
  refuseArguments(`${unknown} is not a step; choose from ${Object.keys(steps).join(', ')}`, command);

install();
const waiting = Object.keys(steps).filter((name) => chosen.length === 0 || chosen.includes(name));
const lanes = await Promise.all([lane(), lane()]);
process.exitCode = lanes.every(Boolean) ? 0 : 1;

/** Runs one step after the other until none is left. Gives true when all of them passed. */
async function lane() {
  const name = waiting.shift();
  if (name === undefined) return true;
  const started = performance.now();
  const { passed, output } = await run(steps[name]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${seconds.padStart(6)} s`);
  if (!passed) console.log(output);
  return (await lane()) && passed;
}

function run([tool, ...options]) {
  const env = {
    ...process.env,
    NODE_OPTIONS: `--require ${JSON.stringify(path.join(root, 'scripts', 'ts-hook.cjs'))}`,
  };
  const child = spawn(process.execPath, [path.join('node_modules', tool), ...options], { cwd: root, env });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ passed: code === 0, output: Buffer.concat(chunks).toString() }));
  });
}
