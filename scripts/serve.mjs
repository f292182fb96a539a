import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readArguments, run } from './command-line.mjs';
import { prepare } from './prepare.mjs';
import { loadSettings } from './settings-file.mjs';

const root = path.join(import.meta.dirname, '..');
/** The services that `npm run start:NAME` starts. */
const services = ['api-gateway', 'access', 'secrets-command', 'secrets-query', 'audit-relay'];

const isService = services.includes(process.argv[2]);
const name = isService ? process.argv.splice(2, 1)[0] : 'standalone';
const command = isService ? `npm run start:${name}` : 'npm start';

readArguments({ command: `${command} --`, usage: usage() });
await run(async () => {
  await prepare();
  loadSettings((await import('../dist/libs/process/src/setting-names.js')).default);
  await import(`../dist/${name}.js`);
});

function usage() {
  const what = isService
    ? `Starts ${name} as a process of its own; docs/deploy.md says what it
needs beside it.`
    : `Serves everything from one process. npm run start:NAME starts a service
alone, NAME being one of ${services.slice(0, 3).join(', ')},
${services.slice(3).join(', ')}.`;
  return `Usage: ${command}

${what}

Settings come from the environment or from a file named .env in this folder;
these are all of them, with their defaults:

${readFileSync(path.join(root, '.env.example'), 'utf8').trimEnd()}`;
}
