import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Clock ticks a second in /proc, the same on every Linux that runs Node. */
const TICKS_PER_SECOND = 100;

/**
 * Starts a server that prints `ready URL`. Gives its URL, the time until then, and functions to measure and stop it.
 */
export async function startServer(file, env = {}) {
  const started = performance.now();
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    const match = /^ready (\S+)$/m.exec(output);
    if (match) return running(child, match[1], performance.now() - started);
  }
  throw new Error(`${file} ended before it was ready: ${output}`);
}

function running(child, url, readyMs) {
  child.stdout.resume();
  return {
    url,
    readyMs,
    cpuSeconds: () => cpuSeconds(child.pid),
    memoryMiB: () => memoryMiB(child.pid),
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Gives the user and system time of all threads of a process, in seconds. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function memoryMiB(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kib) / 1024;
}
