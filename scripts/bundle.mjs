import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { modified, writeStamped } from './stamped-file.mjs';

const root = path.join(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const services = path.join(root, 'services');

/** Packages that stay outside the bundles: binaries, and packages that only some installations load. */
const OUTSIDE = [
  '@eventstore/db-client',
  '@node-rs/argon2',
  'kafkajs',
  'libsql',
  'mongodb',
  'nodemailer',
  'openid-client',
];

/** Tells whether the bundle of every process exists and has this time (milliseconds). */
export function isBundled(time) {
  return Object.values(bundles()).every((file) => modified(file) === time);
}

/**
 * Bundles each process into one file, dist/NAME.js, because to find and open 1,500 files takes longer than the rest of
 * a start. The sources are compiled to ES modules, whose imports become plain variables; with CommonJS, every call into
 * another module would go through a getter. `options` are the compiler's. Bundles get the modification time `time`, so
 * that a bundle from an interrupted build is made again.
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
    // Compiles `import()` to `require`, so that packages loaded on demand are required like the others.
    supported: { 'dynamic-import': false },
    legalComments: 'none',
    // V8 keeps the source text in memory, so white space is removed. Names stay, and lines are short enough to make
    // stack traces useful.
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

/** The code that a bundle runs first. */
function noProtoSetter() {
  return readFileSync(path.join(import.meta.dirname, 'no-proto-setter.cjs'), 'utf8').trim();
}

/** Gives the path of each bundle, by the name of its service. */
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
    // Worker threads load their modules from files, because each loads only a few.
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

/** Tells whether a package is installed. Frameworks try to load optional packages that are not. */
function isThere(request, folder) {
  try {
    createRequire(path.join(folder, 'x.js')).resolve(request);
    return true;
  } catch {
    return false;
  }
}
