// `npm test [-- jest's arguments]`: runs every test that needs only Node, and prints the totals in its last line.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';

const root = path.join(import.meta.dirname, '..');
const SLOW_SECONDS = 10;
const SLOWEST_MAX = 20;
const usage = `Usage: npm test -- [jest's arguments]

Runs everything that needs only Node, or the suites whose path matches:
  npm test -- libs/kernel
  npm test -- services/access -t "a name of a test"
HKLST_E2E=split (npm run test:e2e:split): the e2e suites on five processes.`;
if (process.argv.includes('--help')) {
  console.log(usage);
  process.exit(0);
}
install();
await build();

const isSplit = process.env.HKLST_E2E === 'split';
const given = process.argv.slice(2);
const runs = [];
for (const options of given.length > 0 || isSplit ? [given] : twoRuns()) runs.push(await runJest(options));

const suites = runs.flatMap(({ results }) => results?.testResults ?? []);
const sum = (count) => runs.reduce((total, { results }) => total + (results?.[count] ?? 0), 0);
if (isSplit) for (const line of leftOut()) console.log(line);
for (const line of [...slowest(suites), ...skippedSuites(suites)]) console.log(line);
// A suite that cannot be loaded has no failed tests, so it is counted apart. Without a report, jest itself has failed.
let failed =
  sum('numFailedTests') + sum('numRuntimeErrorTestSuites') + runs.filter(({ results }) => !results).length;
if (runs.some(({ leftOpen }) => leftOpen)) {
  failed += 1;
  console.log('A test left a process, a file or a connection open, so that jest did not end by itself.');
}
console.log(
  `${sum('numPassedTests')} passed, ${failed} failed, ${sum('numPendingTests') + sum('numTodoTests')} skipped`,
);
process.exitCode = failed > 0 ? 1 : (runs.find(({ code }) => code !== 0)?.code ?? 0);

/**
 * Splits the suites into two runs. The first uses two cores, because most suites wait more than they compute. Suites
 * that measure time come after it, one at a time.
 */
function twoRuns() {
  const folder = path.join('test', 'e2e');
  const isAlone = (name) => /^\/\/ Runs alone: /m.test(readFileSync(path.join(root, folder, name), 'utf8'));
  const alone = readdirSync(path.join(root, folder)).filter(
    (name) => name.endsWith('.spec.ts') && isAlone(name),
  );
  const paths = alone.map((name) => `/${folder}/${name}`);
  return [
    ['--maxWorkers=2', '--testPathIgnorePatterns', '/node_modules/', ...paths],
    ['--runInBand', ...paths],
  ];
}

async function runJest(options) {
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-test-'));
  const report = path.join(folder, 'report.json');
  const hook = path.join(root, 'scripts', 'ts-hook.cjs');
  const env = {
    ...process.env,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(hook)}`,
  };
  const jest = ['node_modules/jest/bin/jest.js', '--json', '--outputFile', report, ...options];
  // Jest prints progress to stderr. With --json its stdout holds only the report.
  const run = spawn(process.execPath, jest, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const leftOpen = endAfterReport(run, report);
  const [code] = await once(run, 'exit');
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  rmSync(folder, { recursive: true });
  return { code, results, leftOpen: leftOpen() };
}

/** Gives lines for the slowest suites. */
function slowest(suites) {
  const seconds = ({ startTime, endTime }) => (endTime - startTime) / 1000;
  const longest = suites
    .filter((suite) => seconds(suite) >= SLOW_SECONDS)
    .sort((a, b) => seconds(b) - seconds(a));
  return longest
    .slice(0, SLOWEST_MAX)
    .map((suite) => `${seconds(suite).toFixed(0).padStart(4)} s  ${path.relative(root, suite.name)}`);
}

/**
 * Kills jest when it still runs ten seconds after its report, because something that a test left open keeps it from
 * ending.
 */
function endAfterReport(jestProcess, report) {
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

/**
 * Gives a line for each test that does not run on five processes. A suite that jest.config.cjs leaves out states the
 * reason in its first line; `measured` is in server.ts.
 */
function leftOut() {
  const folder = path.join('test', 'e2e');
  return readdirSync(path.join(root, folder)).flatMap((name) => {
    const text = readFileSync(path.join(root, folder, name), 'utf8');
    const [, reason] = /^\/\/ Standalone only: (.+)/.exec(text) ?? [];
    const measuring = name.endsWith('.spec.ts') ? [...text.matchAll(/^ *measured\(\s*'(.+?)',\s/gm)] : [];
    const left = measuring.map(([, title]) => `${name}, "${title}": it measures time.`);
    return (reason ? [`${name}: ${reason}`] : left).map((line) => `Not on five processes: ${line}`);
  });
}

/**
 * Gives a line for each suite with skipped tests, and the reason: the TEST_ variable for a real server that is not set,
 * or else the titles.
 */
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
