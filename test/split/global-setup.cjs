const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { enginesInstalled, startKafka, startMongo } = require('../../scripts/engines/index.cjs');

const root = path.join(__dirname, '..', '..');

/** Makes the certificates, which later runs use again, and starts the engines that all rigs of a run share. */
module.exports = async () => {
  const certs = [path.join(root, 'scripts', 'certs.mjs'), '--dir', path.join(root, '.cache', 'split-certs')];
  execFileSync(process.execPath, certs, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (!enginesInstalled()) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-split-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const [mongo, kafka] = await Promise.all([
    startMongo({ dataDir: path.join(folder, 'mongo') }),
    startKafka({ dataDir: path.join(folder, 'kafka') }),
  ]);
  process.env['TEST_MONGODB_URL'] ??= mongo.url;
  process.env['TEST_KAFKA_BROKERS'] ??= kafka.brokers;
  globalThis.sharedEngines = [mongo, kafka];
};
