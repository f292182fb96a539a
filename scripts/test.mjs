// `npm test [-- jest's arguments]`: everything that needs only Node, and a last line that adds it up.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';

const root = path.join(import.meta.dirname, '..');
install();
await build();

const folder = mkdtempSync(path.join(tmpdir(), 'hklst-test-'));
const report = path.join(folder, 'report.json');
const hook = path.join(root, 'scripts', 'ts-hook.cjs');
const env = {
  ...process.env,
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(hook)}`,
};
const jest = ['node_modules/jest/bin/jest.js', '--json', '--outputFile', report, ...process.argv.slice(2)];
// Jest prints its progress on stderr; with --json its stdout holds the report only.
const run = spawn(process.execPath, jest, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
const leftOpen = endAfterReport(run);
const [code] = await once(run, 'exit');
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
rmSync(folder, { recursive: true });

if (process.env.HKLST_E2E === 'split') for (const line of leftOut()) console.log(line);
for (const line of skippedSuites(results?.testResults ?? [])) console.log(line);
// A suite that cannot even be loaded has no failed tests, and no report at all means that jest itself broke.
let failed = results ? results.numFailedTests + results.numRuntimeErrorTestSuites : 1;
if (leftOpen()) {
  failed += 1;
  console.log('A test left a process, a file or a connection open, so that jest did not end by itself.');
}
const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0);
console.log(`${results?.numPassedTests ?? 0} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : code;

/** The report is the last thing that jest writes; it would then wait for ever for what a test left open. */
function endAfterReport(jestProcess) {
  let tooLate = false;
  let polls = 0;
  const poll = setInterval(() => {
    if (!existsSync(report) || ++polls < 20) return;
    tooLate = true;
    jestProcess.kill('SIGKILL');
  }, 500);
  jestProcess.once('exit', () => clearInterval(poll));
  return () => tooLate;
}

/** The suites that jest.config.cjs leaves out on five processes say why in their first line. */
function leftOut() {
  const folder = path.join('test', 'e2e');
  return readdirSync(path.join(root, folder)).flatMap((name) => {
    const [, reason] =
      /^\/\/ Standalone only: (.+)/.exec(readFileSync(path.join(root, folder, name), 'utf8')) ?? [];
    return reason ? [`Not on five processes: ${path.join(folder, name)}: ${reason}`] : [];
  });
}

/** A suite for a real server names the TEST_ variable that holds its address; any other says in its title what it needs. */
function skippedSuites(suites) {
  return suites.flatMap(({ name, assertionResults }) => {
    const left = assertionResults.filter(({ status }) => status === 'pending' || status === 'todo');
    if (left.length === 0) return [];
    const settings = new Set(readFileSync(name, 'utf8').match(/\bTEST_[A-Z_]+_(URL|BROKERS)\b/g));
    const missing = [...settings].filter((setting) => !process.env[setting]);
    const titles = new Set(left.map(({ ancestorTitles, title }) => ancestorTitles[0] ?? title));
    const reason = missing.length > 0 ? `${missing.join(' and ')} not set` : [...titles].join('; ');
    return [`Skipped: ${path.relative(root, name)}, ${left.length} tests: ${reason}.`];
  });
}
