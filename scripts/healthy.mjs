// `node healthy.mjs FILE [MS]`: exit code 0 when a process has written its HEALTH_FILE within the last MS milliseconds.
// It writes every 5 seconds; by default three such intervals.
import { statSync } from 'node:fs';

const [file, ageMsMax = '15000'] = process.argv.slice(2);
const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;

if (written === undefined) fail('The process is not ready: there is no health file.');
else if (Date.now() - written > Number(ageMsMax))
  fail('The process hangs: its health file has not been written.');

function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}
