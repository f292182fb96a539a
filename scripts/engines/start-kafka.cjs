const { execFile } = require('node:child_process');
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { engineFolder } = require('./install-engines.cjs');
const { freePort, startServer } = require('./start-server.cjs');

const settings = path.join(__dirname, 'kafka', 'server.properties');
const logging = path.join(__dirname, 'kafka', 'log4j2.properties');
const clusterId = Buffer.from('hklst-test-node.').toString('base64url');

/** Starts a Kafka broker, a single node, with the data in `dataDir`. The broker does not create topics on its own. */
async function startKafka({ port, dataDir, outlives }) {
  port ??= await freePort();
  const controllerPort = await freePort();
  const logDir = path.join(dataDir, 'data');
  const properties = path.join(dataDir, 'server.properties');
  mkdirSync(logDir, { recursive: true });
  writeFileSync(
    properties,
    `${readFileSync(settings, 'utf8')}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.quorum.voters=1@127.0.0.1:${controllerPort}
log.dirs=${logDir}
`,
  );
  if (!existsSync(path.join(logDir, 'meta.properties'))) {
    const format = ['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', properties];
    await promisify(execFile)('java', [...javaOptions(), ...format]);
  }
  const server = await startServer({
    command: 'java',
    args: [...javaOptions(), 'kafka.Kafka', properties],
    ready: /Kafka Server started/,
    logFile: path.join(dataDir, 'server.log'),
    outlives,
  });
  return Object.assign(server, { brokers: `127.0.0.1:${port}` });
}

/** Options for a small heap, and for a compiler and a collector that favour a fast start over top speed. */
function javaOptions() {
  return [
    ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${logging}`],
    ...['-cp', path.join(engineFolder('kafka'), '*')],
  ];
}

module.exports = { startKafka };
