// `npm test [-- jest's arguments]`: everything that needs only Node, and a last line that adds it up.
import './check-node.mjs';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
const env = { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require ${hook}` };
const jest = ['node_modules/jest/bin/jest.js', '--json', '--outputFile', report, ...process.argv.slice(2)];
// Jest prints its progress on stderr; with --json its stdout holds the report only.
const run = spawnSync(process.execPath, jest, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
rmSync(folder, { recursive: true });

for (const line of skippedSuites(results?.testResults ?? [])) console.log(line);
// A suite that cannot even be loaded has no failed tests, and no report at all means that jest itself broke.
const failed = results ? results.numFailedTests + results.numRuntimeErrorTestSuites : 1;
const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0);
console.log(`${results?.numPassedTests ?? 0} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : (run.status ?? 1);

/** A suite for a real server reads the server's address from a TEST_ variable, and skips itself when it is not set. */
function skippedSuites(suites) {
  return suites.flatMap(({ name, assertionResults }) => {
    const count = assertionResults.filter(({ status }) => status === 'pending' || status === 'todo').length;
    if (count === 0) return [];
    const settings = new Set(readFileSync(name, 'utf8').match(/\bTEST_[A-Z_]+\b/g));
    const missing = [...settings].filter((setting) => !process.env[setting]);
    const reason = missing.length > 0 ? `${missing.join(' and ')} not set` : 'left out by name';
    return [`Skipped: ${path.relative(root, name)}, ${count} tests, ${reason}.`];
  });
}
