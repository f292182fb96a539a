// `npm run bench -- --split`: compares five processes, over mutual TLS on EventStoreDB's double, MongoDB and Kafka,
// with the vendor's bare client on the same double.
import { execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { load } from './load.mjs';
import { publish, splitTable } from './report.mjs';
import { seed } from './seed.mjs';
import { cpuSeconds } from './server-process.mjs';

const here = import.meta.dirname;
const root = path.join(here, '..');
const require = createRequire(import.meta.url);
const SECRETS = 1_000;
const WARM_UP_SECONDS = 2;
const UNLIMITED = {
  RATE_LIMIT_PER_ADDRESS: '0',
  RATE_LIMIT_PER_CREDENTIAL: '0',
  RATE_LIMIT_PER_ORGANIZATION: '0',
};

/** The scenarios, each with the bare client's counterpart, and the targets in percent of its rate. */
const scenarios = [
  {
    name: 'read a value',
    bare: 'read',
    must: 60,
    aim: 500,
    request: (ids) => ({ paths: ids.map((id) => `/api/v1/secrets/${id}/value`) }),
  },
  {
    name: 'change a value',
    bare: 'append',
    must: 50,
    aim: 80,
    request: (ids) => ({
      method: 'PUT',
      body: '{"secret":{"value":"whsec_def456_$N"}}',
      paths: ids.map((id) => `/api/v1/secrets/${id}`),
    }),
  },
];

export async function benchSplit({ seconds }) {
  require('../scripts/ts-hook.cjs');
  const certs = [path.join(root, 'scripts/certs.mjs'), '--dir', path.join(root, '.cache/split-certs')];
  execFileSync(process.execPath, certs, { stdio: ['ignore', 'ignore', 'inherit'] });
  // The tests' rig runs from its sources; the services run as they are built.
  const { Rig } = require('../test/split/rig.ts');
  const rig = await Rig.prepare({ env: UNLIMITED });
  try {
    const bare = { before: await bareRates(rig, seconds) };
    await rig.startAll();
    const rows = await measure(rig, seconds);
    // The bare client is measured before and after the services, when it has the machine to itself.
    for (const process of rig.processes) await process.stop();
    bare.after = await bareRates(rig, seconds);
    publish('split', splitTable(rows.map((row) => ({ ...row, ...bareOf(row, bare) }))));
  } finally {
    await rig.discard();
  }
}

async function measure(rig, seconds) {
  const key = rig.apiKey;
  const server = {
    url: rig.url,
    cpuSeconds: () => rig.processes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
  };
  console.log(`Seeding ${SECRETS} secrets of three events each …`);
  const ids = await seed(server, { key, count: SECRETS, prefix: 'SPLIT', changes: 2, isPatient: true });
  const rows = [];
  for (const { name, bare, must, aim, request } of scenarios) {
    console.log(`${name} …`);
    const scenario = { ...request(ids), name, key };
    await load(server, { ...scenario, seconds: WARM_UP_SECONDS });
    rows.push({ ...(await load(server, { ...scenario, seconds })), bare, must, aim });
  }
  return rows;
}

async function bareRates(rig, seconds) {
  const rates = {};
  for (const { bare } of scenarios) {
    console.log(`bare client: ${bare} …`);
    rates[bare] = await bareRate(rig.engines.env.EVENT_STORE_URL, bare, seconds);
  }
  return rates;
}

async function bareRate(url, kind, seconds) {
  const args = [path.join(here, 'bare-client.mjs'), url, kind, String(seconds)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  const [, result] = /^RESULT (.*)$/m.exec(output) ?? [];
  if (!result) throw new Error(`The bare client gave no result: ${output}`);
  return JSON.parse(result);
}

function bareOf({ bare }, { before, after }) {
  const mean = (field) => (before[bare][field] + after[bare][field]) / 2;
  return { barePerSecond: mean('perSecond'), bareP50Ms: mean('p50Ms') };
}
