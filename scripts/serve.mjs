import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { prepare } from './prepare.mjs';

const root = path.join(import.meta.dirname, '..');
/** What `npm run start:NAME` starts. */
const services = ['api-gateway', 'access', 'secrets-command', 'secrets-query', 'audit-relay'];

const isService = services.includes(process.argv[2]);
const [name, [option]] = isService
  ? [process.argv[2], process.argv.slice(3)]
  : ['standalone', process.argv.slice(2)];
const command = isService ? `npm run start:${name}` : 'npm start';

if (option === '--help') {
  console.log(usage());
} else if (option !== undefined) {
  console.error(`${option} is not an option of ${command}; ${command} -- --help lists the settings.`);
  process.exitCode = 1;
} else {
  await prepare();
  const settings = path.join(root, '.env');
  if (existsSync(settings)) process.loadEnvFile(settings);
  await import(`../dist/${name}.js`);
}

function usage() {
  const what = isService
    ? `Starts ${name} as a process of its own; docs/deploy.md says what it needs beside it.`
    : `Serves everything from one process. npm run start:NAME starts a service alone, NAME being one of\n${services.join(', ')}.`;
  return `Usage: ${command}

${what} Settings come from the environment or from a
file named .env in this folder; these are all of them, with their defaults:

${readFileSync(path.join(root, '.env.example'), 'utf8').trimEnd()}`;
}
