const { mkdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { freePort, startServer } = require('./start-server.cjs');

const root = path.join(__dirname, '..', '..');
const main = path.join(root, 'libs', 'testing', 'src', 'event-store-double', 'main.ts');

/** Starts the double of EventStoreDB in a process of its own, with the data in `dataDir`. */
async function startEventStore({ port, dataDir, outlives }) {
  port ??= await freePort();
  mkdirSync(dataDir, { recursive: true });
  const logFile = path.join(dataDir, 'server.log');
  const journal = path.join(dataDir, 'journal');
  const server = await startServer({
    command: process.execPath,
    args: [
      ...['--require', path.join(__dirname, '..', 'ts-hook.cjs'), main],
      ...['--port', String(port), '--journal', journal],
    ],
    ready: /"control":"[^"]+"/,
    logFile,
    outlives,
  });
  const printed = () => JSON.parse(/^\{"url".*$/m.exec(readFileSync(logFile, 'utf8'))[0]);
  return Object.assign(server, {
    url: printed().url,
    async control(fault, value = 1) {
      const answer = await fetch(`${printed().control}/${fault}?value=${value}`, { method: 'POST' });
      if (!answer.ok) throw new Error(`The double has no switch ${fault}`);
    },
  });
}

module.exports = { startEventStore };
