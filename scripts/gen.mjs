// `npm run gen` writes the files that are generated from the code. `npm run gen:check` fails when one is out of date.
import './check-node.mjs';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { readArguments } from './command-line.mjs';
import { rolesPage } from './roles-page.mjs';

const root = path.join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
require('./ts-hook.cjs');
require('reflect-metadata');

const generators = { 'docs/errors.md': errorsPage, 'docs/openapi.json': openApi, 'docs/roles.md': roles };

const usage = `Usage: npm run gen -- [--check]

Writes what is derived from the code:
${Object.keys(generators).join(', ')}.
With --check (npm run gen:check) it writes nothing, and fails when one of them
is out of date.`;
const { check } = readArguments({
  command: 'npm run gen --',
  usage,
  options: { check: { type: 'boolean', default: false } },
}).values;
for (const [name, generate] of Object.entries(generators)) {
  const file = path.join(root, name);
  const text = await format(generate(), { ...(await resolveConfig(file)), filepath: file });
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (check) {
    console.error(`${name} is out of date; run npm run gen.`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`Wrote ${name}.`);
  }
}

function openApi() {
  const { openApiDocument } = require('./openapi/openapi-document.ts');
  const { GatewayModule } = require('../services/api-gateway/src/app.module.ts');
  return JSON.stringify(openApiDocument(GatewayModule.controllers));
}

function roles() {
  const { declaredRoutes } = require('./openapi/declared-routes.ts');
  const { GatewayModule } = require('../services/api-gateway/src/app.module.ts');
  const permissions = require('../libs/contracts/src/access/permissions.ts');
  return rolesPage({ permissions, routes: declaredRoutes(GatewayModule.controllers) });
}

function errorsPage() {
  const { errorRegistry } = require('../libs/kernel/src/error-registry.ts');
  const { httpStatusOf } = require('../services/api-gateway/src/http/http-status.ts');
  const rows = Object.entries(errorRegistry)
    .map(([code, { kind, message }]) => {
      const status = kind === 'startup' ? 'ends the start' : String(httpStatusOf[kind]);
      return { code, kind, message, status };
    })
    .sort((a, b) => a.status.localeCompare(b.status) || a.code.localeCompare(b.code))
    .map(({ code, kind, status, message }) => `| \`${code}\` | ${status} | ${kind} | ${message} |`);
  return `# Error codes

Every error that the API can answer and every reason for which a start can fail, generated from
libs/kernel/src/error-registry.ts by \`npm run gen\`. Codes are stable: a program may rely on \`code\`, never on the
wording of \`error\`. The registry's sentence is shown here; an answer may carry a more precise one.

| code | HTTP status | kind | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
