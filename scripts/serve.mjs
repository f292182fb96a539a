import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';

const root = path.join(import.meta.dirname, '..');
const [option] = process.argv.slice(2);

if (option === '--help') {
  console.log(
    'Usage: npm start\n\nServes everything from one process. Settings come from the environment or from a',
  );
  console.log('file named .env in this folder; these are all of them, with their defaults:\n');
  console.log(readFileSync(path.join(root, '.env.example'), 'utf8').trimEnd());
} else if (option !== undefined) {
  console.error(`${option} is not an option of npm start; npm start -- --help lists the settings.`);
  process.exitCode = 1;
} else {
  install();
  await build();
  const settings = path.join(root, '.env');
  if (existsSync(settings)) process.loadEnvFile(settings);
  await import('../dist/services/standalone/src/main.js');
}
