import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle, isBundled } from './bundle.mjs';
import { readArguments, run } from './command-line.mjs';
import { install } from './install.mjs';
import { modified, writeStamped } from './stamped-file.mjs';

const root = path.join(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
/** A copy of the compiler's settings with which dist/ was built. */
const record = path.join(dist, '.swcrc');
const rooms = ['libs', 'services'];

/** Tells whether `build` has nothing to do. */
export function isBuilt() {
  const { stale, leftOver, newest } = changes();
  const isCompiled = stale.length === 0 && leftOver.length === 0 && hasBuildOf(settingsText());
  return isCompiled && isBundled(newest);
}

/**
 * Compiles the files of libs/ that have changed since the last build, removes outputs without a source, and bundles the
 * services. Worker threads load the compiled files of libs/; a service runs from its bundle only.
 */
export async function build() {
  const settings = settingsText();
  if (!hasBuildOf(settings)) startAnew(settings);
  const { compiled, stale, leftOver, newest } = changes();
  for (const file of leftOver) rmSync(file);
  const options = { ...JSON.parse(settings), swcrc: false, sourceMaps: false };
  if (stale.length > 0) await compile(stale, compiled.length, options);
  if (stale.length + leftOver.length > 0 || !isBundled(newest)) {
    console.log('Bundling the services into dist.');
    await bundle(newest, options);
  }
}

async function compile(stale, total, options) {
  console.log(`Building ${stale.length} of ${total} files into dist.`);
  const { transformFile } = await import('@swc/core');
  await Promise.all(
    stale.map(async (source) => {
      const time = modified(source);
      // An output gets the modification time of its source. So a newer source differs, and so does an older one put
      // back.
      writeStamped(outputOf(source), (await transformFile(source, options)).code, time);
    }),
  );
}

function settingsText() {
  return readFileSync(path.join(root, '.swcrc'), 'utf8');
}

function changes() {
  const sources = rooms.flatMap((room) => filesIn(path.join(root, room))).filter(isShipped);
  const compiled = sources.filter((source) => source.startsWith(path.join(root, 'libs')));
  const outputs = new Set(compiled.map(outputOf));
  const times = new Map(sources.map((source) => [source, modified(source)]));
  const besides = ['package-lock.json', 'scripts/bundle.mjs', 'scripts/no-proto-setter.cjs'].map((name) =>
    modified(path.join(root, name)),
  );
  return {
    compiled,
    stale: compiled.filter((source) => times.get(source) !== modified(outputOf(source))),
    /** The latest time at which an input of the bundles changed: a source, the packages, or the script that bundles. */
    newest: Math.max(...times.values(), ...besides),
    leftOver: rooms.flatMap((room) => filesIn(path.join(dist, room))).filter((file) => !outputs.has(file)),
  };
}

function isShipped(file) {
  if (file.startsWith(path.join(root, 'libs', 'testing'))) return false;
  return file.endsWith('.ts') && !/\.(spec|contract|d)\.ts$/.test(file);
}

function outputOf(source) {
  return path.join(dist, path.relative(root, source)).replace(/\.ts$/, '.js');
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function hasBuildOf(settings) {
  return existsSync(record) && readFileSync(record, 'utf8') === settings;
}

function startAnew(settings) {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  writeFileSync(record, settings);
}

if (process.argv[1] === import.meta.filename) {
  readArguments({
    command: 'npm run build --',
    usage:
      'Usage: npm run build\n\nCompiles what changed since the last build into dist, and bundles the\nservices.',
  });
  await run(async () => {
    install();
    await build();
  });
}
