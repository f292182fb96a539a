const { mkdirSync } = require('node:fs');
const path = require('node:path');
const { engineFolder } = require('./install-engines.cjs');
const { freePort, startServer } = require('./start-server.cjs');

/** Starts a server of MongoDB's protocol, a single node without a replica set, on what `dataDir` holds. */
async function startMongo({ port, dataDir, outlives, auth = false }) {
  port ??= await freePort();
  mkdirSync(dataDir, { recursive: true });
  const server = await startServer({
    command: path.join(engineFolder('mongo'), 'secantusdb.scripts', 'secantusd-rs'),
    args: [
      ...['--host', '127.0.0.1', '--port', port, '--storage-path', path.join(dataDir, 'data')],
      '--standalone',
      ...(auth ? ['--auth'] : []),
      // Without it a kill loses writes that were acknowledged with j: true.
      '--sync-on-commit',
      ...['--cache-size', '128M', '--log-file-max', '16MB', '--log-level', 'WARNING'],
    ],
    ready: /listening on/,
    logFile: path.join(dataDir, 'server.log'),
    outlives,
  });
  // One member, and no search for others.
  return Object.assign(server, { url: `mongodb://127.0.0.1:${port}/?directConnection=true` });
}

module.exports = { startMongo };
