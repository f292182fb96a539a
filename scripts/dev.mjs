// `npm run dev`: runs the server from its sources, and restarts it when one of them changes.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { readArguments, run } from './command-line.mjs';
import { install } from './install.mjs';
import { loadSettings } from './settings-file.mjs';

const usage = `Usage: npm run dev

Serves everything from the sources, and starts again whenever one of them
changes. Settings are those of npm start, from the environment or .env.`;

const root = path.join(import.meta.dirname, '..');
readArguments({ command: 'npm run dev --', usage });
await run(() => {
  install();
  const require = createRequire(import.meta.url);
  require('./ts-hook.cjs');
  loadSettings(require('../libs/process/src/setting-names.ts'));
  serve();
});

function serve() {
  const main = ['--watch', '--require', './scripts/ts-hook.cjs', 'services/standalone/src/main.ts'];
  const server = spawn(process.execPath, main, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
  server.on('exit', (code) => process.exit(code ?? 0));
}
