// Lets Node run the TypeScript sources, in worker threads too: `node --require ./scripts/ts-hook.cjs file.ts`. Tests
// and `npm run dev` use it. scripts/build.mjs builds what is shipped, with the same settings.
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { transformSync } = require('@swc/core');
require('./no-proto-setter.cjs');

const root = path.join(__dirname, '..');
const options = {
  ...JSON.parse(readFileSync(path.join(root, '.swcrc'), 'utf8')),
  swcrc: false,
  sourceMaps: 'inline',
};

Module._extensions['.ts'] = (module, filename) => {
  module._compile(transformSync(readFileSync(filename, 'utf8'), { ...options, filename }).code, filename);
};

// package.json maps #libs/* to the build. This maps it to the sources.
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => {
  const lib = /^#libs\/([a-z-]+)$/.exec(request);
  return resolveFilename(lib ? path.join(root, 'libs', lib[1], 'src', 'index.ts') : request, ...rest);
};
