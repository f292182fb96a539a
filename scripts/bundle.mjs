import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { modified, writeStamped } from './stamped-file.mjs';

const root = path.join(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const services = path.join(root, 'services');

/** Binaries, and what only some installations load: these stay packages of their own. */
const OUTSIDE = [
  '@eventstore/db-client',
  '@node-rs/argon2',
  'kafkajs',
  'libsql',
  'mongodb',
  'nodemailer',
  'openid-client',
];

/** Whether every process has its bundle, made of sources as old as `time` (milliseconds). */
export function isBundled(time) {
  return Object.values(bundles()).every((file) => modified(file) === time);
}

/**
 * Puts each process into one file, dist/NAME.js: to find and open fifteen hundred files takes longer than all the rest
 * of a start. From the sources, compiled to ES modules, whose imports are then plain variables: through the getters of
 * CommonJS every call into another module is a call more. `options` are the compiler's. The bundles carry `time`, so
 * that a half-written one is made again.
 */
export async function bundle(time, options) {
  const esbuild = await import('esbuild');
  const { outputFiles } = await esbuild.build({
    banner: { js: noProtoSetter() },
    entryPoints: Object.fromEntries(Object.keys(bundles()).map((name) => [name, mainOf(name)])),
    outdir: dist,
    bundle: true,
    platform: 'node',
    tsconfigRaw: {},
    target: 'node20',
    // A package that only some installations load is required like the others, whatever way it is asked for.
    supported: { 'dynamic-import': false },
    legalComments: 'none',
    // V8 keeps the text in memory. Names stay, and lines short enough for a stack to say where.
    minifyWhitespace: true,
    lineLimit: 160,
    logLevel: 'error',
    write: false,
    plugins: [
      { name: 'outside', setup: leaveOutside },
      { name: 'compile', setup: (build) => compile(build, options) },
    ],
  });
  for (const { path: file, contents } of outputFiles) writeStamped(file, contents, time);
}

/** What a bundle does before anything else. */
function noProtoSetter() {
  return readFileSync(path.join(import.meta.dirname, 'no-proto-setter.cjs'), 'utf8').trim();
}

/** Where the bundle of each process is, by the name of its service. */
function bundles() {
  const started = readdirSync(services).filter((name) => existsSync(mainOf(name)));
  return Object.fromEntries(started.map((name) => [name, path.join(dist, `${name}.js`)]));
}

function mainOf(service) {
  return path.join(services, service, 'src/main.ts');
}

function leaveOutside(build) {
  build.onResolve({ filter: /./ }, ({ kind, path: request, resolveDir }) => {
    const [, lib] = /^#libs\/(.+)$/.exec(request) ?? [];
    if (lib) return { path: path.join(root, 'libs', lib, 'src/index.ts') };
    if (kind === 'entry-point' || path.isAbsolute(request)) return undefined;
    if (!request.startsWith('.'))
      return isOutside(request, resolveDir) ? { path: request, external: true } : undefined;
    if (kind !== 'require-resolve') return undefined;
    // The modules of the worker threads stay files: a thread loads a handful.
    const file = path.relative(root, path.join(resolveDir, request));
    return { path: `./${file.split(path.sep).join('/')}`, external: true };
  });
}

function compile(build, options) {
  const asModules = { ...options, module: { type: 'es6' } };
  build.onLoad({ filter: /\.ts$/ }, async ({ path: source }) => {
    const { transformFile } = await import('@swc/core');
    return { contents: (await transformFile(source, asModules)).code, loader: 'js' };
  });
}

function isOutside(request, folder) {
  const isListed = OUTSIDE.some((name) => request === name || request.startsWith(`${name}/`));
  return isListed || request.startsWith('#') || !isThere(request, folder);
}

/** Frameworks ask for packages that we do not have, and go without. */
function isThere(request, folder) {
  try {
    createRequire(path.join(folder, 'x.js')).resolve(request);
    return true;
  } catch {
    return false;
  }
}
