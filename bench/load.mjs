import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const script = path.join(import.meta.dirname, 'load.lua');

/**
 * Loads a server with wrk. Gives the requests a second, latencies in ms, and the server's CPU time per request in µs.
 * It requests all `paths` with one `key`, or all `requests`, each `{ key, path }`, in a cycle. An answer other than 2xx
 * or a broken connection fails the run, because refused requests are fast and would improve the figures.
 */
export async function load(
  server,
  {
    name,
    method = 'GET',
    body = '',
    key = '',
    paths,
    requests = paths.map((path) => ({ key, path })),
    connections = 32,
    seconds,
  },
) {
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-load-'));
  const file = path.join(folder, 'requests');
  writeFileSync(file, requests.map(({ key, path }) => `${key} ${path}\n`).join(''), { mode: 0o600 });
  const cpuBefore = server.cpuSeconds();
  const options = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script];
  const result = await wrk([...options, server.url, '--', method, body, file]).finally(() =>
    rmSync(folder, { recursive: true }),
  );
  const cpu = server.cpuSeconds() - cpuBefore;
  if (result.notOk + result.broken > 0) {
    throw new Error(`${name}: ${result.notOk} answers were no success, ${result.broken} connections broke`);
  }
  return {
    name,
    perSecond: result.requests / (result.durationUs / 1e6),
    p50Ms: result.p50Us / 1000,
    p99Ms: result.p99Us / 1000,
    cpuUs: (cpu * 1e6) / result.requests,
  };
}

/** Gives the median of each figure of several runs, because other load on this machine varies. */
export function medianOf(runs) {
  const middle = Math.floor(runs.length / 2);
  const figures = Object.keys(runs[0]).filter((name) => typeof runs[0][name] === 'number');
  return Object.fromEntries(
    figures.map((name) => [name, runs.map((run) => run[name]).sort((a, b) => a - b)[middle]]),
  );
}

async function wrk(args) {
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = new Promise((_, reject) => {
    child.on('error', () => reject(new Error('wrk is not installed. On Debian: apt-get install wrk')));
  });
  const collected = (async () => {
    let output = '';
    for await (const chunk of child.stdout) output += chunk;
    const line = /^RESULT (.*)$/m.exec(output);
    if (!line) throw new Error(`wrk gave no result: ${output}`);
    return JSON.parse(line[1]);
  })();
  return Promise.race([collected, failed]);
}
