// `node healthy.mjs FILE [MS]`: exits with 0 when a process has written its HEALTH_FILE within the last MS
// milliseconds. It imports no other script, because the images contain only this one.
import { statSync } from 'node:fs';

/** Three intervals: a process writes its file every 5 seconds. */
const AGE_MS_MAX = '15000';
const usage = `Usage: node scripts/healthy.mjs FILE [MS]

Ends with 0 when a process has written its HEALTH_FILE within the last MS
milliseconds (${AGE_MS_MAX} by default), with 1 when it has not, with 2 when this was
called wrongly.`;

const [file, ageMsMax = AGE_MS_MAX, ...more] = process.argv.slice(2);

if (file === '--help') console.log(usage);
else if (file === undefined || file.startsWith('-') || !/^[1-9]\d*$/.test(ageMsMax) || more.length > 0)
  fail(usage, 2);
else check();

function check() {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) fail('The process is not ready: there is no health file.');
  else if (Date.now() - written > Number(ageMsMax))
    fail('The process hangs: its health file has not been written.');
}

function fail(sentence, code = 1) {
  console.error(sentence);
  process.exitCode = code;
}
