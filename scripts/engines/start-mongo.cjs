const { mkdirSync } = require('node:fs');
const path = require('node:path');
const { engineFolder } = require('./install-engines.cjs');
const { freePort, startServer } = require('./start-server.cjs');

/** Starts a server of MongoDB's protocol, a single node without a replica set, with the data in `dataDir`. */
async function startMongo({ port, dataDir, outlives, auth = false }) {
  port ??= await freePort();
  mkdirSync(dataDir, { recursive: true });
  const server = await startServer({
    command: path.join(engineFolder('mongo'), 'secantusdb.scripts', 'secantusd-rs'),
    args: [
      ...['--host', '127.0.0.1', '--port', port, '--storage-path', path.join(dataDir, 'data')],
      '--standalone',
      ...(auth ? ['--auth'] : []),
      // Without this option, a kill loses writes that were acknowledged with j: true.
      '--sync-on-commit',
      ...['--cache-size', '128M', '--log-file-max', '16MB', '--log-level', 'WARNING'],
    ],
    ready: /listening on/,
    logFile: path.join(dataDir, 'server.log'),
    outlives,
  });
  // The server is a single node, so the driver must not search for a replica set.
  return Object.assign(server, { url: `mongodb://127.0.0.1:${port}/?directConnection=true` });
}

module.exports = { startMongo };
