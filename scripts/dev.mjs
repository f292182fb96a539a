// `npm run dev`: the server from its sources, started again whenever one of them changes.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { install } from './install.mjs';

const root = path.join(import.meta.dirname, '..');
install();
const main = ['--watch', '--require', './scripts/ts-hook.cjs', 'services/standalone/src/main.ts'];
const server = spawn(process.execPath, main, { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
server.on('exit', (code) => process.exit(code ?? 0));
