// `npm run bench`: starts the built server, a raw node:http server and a prototype of two jobs, loads all, prints ratios.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readArguments, refuseArguments } from '../scripts/command-line.mjs';
import { install } from '../scripts/install.mjs';
import { build } from '../scripts/build.mjs';
import { flushTimes } from './flush.mjs';
import { load, medianOf } from './load.mjs';
import { publish, table } from './report.mjs';
import { seed } from './seed.mjs';
import { startServer } from './server-process.mjs';

const here = import.meta.dirname;
const standalone = path.join(here, '../dist/standalone.js');
const SECRETS = 10_000;
const PAGE_SIZE = 20;
/** The time until V8 has compiled the code of a request, as it has long since on a server in use. */
const WARM_UP_SECONDS = 8;
const ROUND_SECONDS = 2;
/** After this time without requests, V8 has freed the memory that the start used. */
const IDLE_SECONDS = 30;

const CREATION = { method: 'POST', body: '{"secret":{"name":"CREATED_$N","value":"whsec_abc123_$N"}}' };

const usage = `Usage: npm run bench -- [--split | --size] [--seconds N]

  --split      five processes on the engines, as ratios to the bare client of
               EventStoreDB; needs what node scripts/engines/engines.mjs install
               brings
  --size       a store of 10,000 organizations with 100 secrets each against one
               of a single organization; filling it takes about ten minutes
               (--organizations N --each N: other sizes)
  --seconds N  how long each run lasts (default 8)

Needs wrk on the PATH.`;
const options = parse();
install();
await build();
if (options.split) {
  const { benchSplit } = await import('./split.mjs');
  await benchSplit(options);
} else if (options.size) {
  const { benchSize } = await import('./size.mjs');
  await benchSize(options);
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-bench-'));
  try {
    await bench(path.join(folder, 'data'), path.join(folder, 'prototype'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bench(dataDir, prototypeDir) {
  const raw = await startServer(path.join(here, 'raw-server.mjs'));
  const env = { DATA_DIR: dataDir, PORT: '0', SECRETS_PER_ORGANIZATION_MAX: '1000000' };
  const first = await startServer(standalone, env);
  const key = readFileSync(path.join(dataDir, 'first-api-key'), 'utf8').trim();
  console.log(`Seeding ${SECRETS} secrets …`);
  const ids = await seed(first, { key, count: SECRETS, prefix: 'BENCH' });
  await first.stop();

  const server = await startServer(standalone, env);
  console.log(`Idle for ${IDLE_SECONDS} s …`);
  await delay(IDLE_SECONDS * 1_000);
  const idleMiB = server.memoryMiB();
  const { seconds } = options;
  const prototype = await startPrototype(prototypeDir);
  const scenarios = scenariosOf(ids);
  const rows = [];
  for (const { must, mustP99, prototypeShare, ...scenario } of scenarios) {
    console.log(`${scenario.name} …`);
    const requests = { ...scenario, key };
    const job = prototype.jobs[scenario.prototype];
    await loadRound(server, requests, 'W', WARM_UP_SECONDS);
    if (job) await loadRound(prototype, job, 'W', WARM_UP_SECONDS);
    const rounds = [];
    for (let round = 0; round * ROUND_SECONDS < seconds; round += 1) {
      const rawRun = await load(raw, { name: 'raw', paths: ['/'], seconds: 1 });
      const jobRun = job && (await loadRound(prototype, job, `R${round}`, 1));
      const run = await loadRound(server, requests, `R${round}`, ROUND_SECONDS);
      rounds.push(compared(run, { raw: rawRun, job: jobRun }));
    }
    rows.push({ ...medianOf(rounds), name: scenario.name, must, mustP99, prototypeShare });
  }
  const alone = { key, seconds, connections: 1 };
  const prototypeAlone = (job) => {
    const { name, ...requests } = prototype.jobs[job];
    return load(prototype, { ...requests, name: `${name}, one connection`, seconds, connections: 1 });
  };
  const singleWrite = { ...scenarios[2], body: scenarios[2].body.replace('CREATED', 'SINGLE') };
  const flush = flushTimes(dataDir);
  const single = [
    await load(raw, { ...alone, name: 'raw node:http, one connection', paths: ['/'] }),
    await prototypeAlone('read'),
    { ...(await load(server, { ...scenarios[1], ...alone, name: 'read, one connection' })), must: 0.6 },
    await prototypeAlone('create'),
    { ...(await load(server, { ...singleWrite, ...alone, name: 'create, one connection' })), must: 1.2 },
  ];
  await prototype.stop();
  await server.stop();
  const again = await startServer(standalone, env);
  const readyMs = again.readyMs;
  await again.stop();
  await raw.stop();
  const report = table({
    rows,
    single,
    flush,
    idleMiB,
    secondStartMs: server.readyMs,
    lastStartMs: readyMs,
  });
  publish('standalone', report);
}

/** Load of a round; names that are created are new in each. */
function loadRound(server, scenario, round, seconds) {
  return load(server, { ...scenario, body: scenario.body?.replace('_$N', `${round}_$N`), seconds });
}

/** A run beside that of the raw server, and of the prototype where it has the job, right before it. */
function compared(run, { raw, job }) {
  const compare = { rawPerSecond: raw.perSecond, rawP99Ms: raw.p99Ms, ofRaw: run.perSecond / raw.perSecond };
  if (!job) return { ...run, ...compare };
  const prototypeOfRaw = job.perSecond / raw.perSecond;
  return { ...run, ...compare, prototypeOfRaw, prototypeP99Ms: job.p99Ms, prototypeCpuUs: job.cpuUs };
}

/** The prototype, and what to ask of it. */
async function startPrototype(folder) {
  mkdirSync(folder);
  const server = await startServer(path.join(here, 'prototype-server.mjs'), { PROTOTYPE_DIR: folder });
  const { key, ids } = JSON.parse(readFileSync(path.join(folder, 'prototype.json'), 'utf8'));
  const read = { name: 'read, prototype', key, paths: ids.map((id) => `/secrets/${id}/value`) };
  const create = { ...CREATION, name: 'create, prototype', key, paths: ['/secrets'] };
  return { ...server, jobs: { read, create } };
}

/** `must` and `prototypeShare`: % of raw, the latter of a prototype of the job where the bars were set. */
function scenariosOf(ids) {
  return [
    {
      name: 'list 20 of 10,000 (a page)',
      paths: Array.from(
        { length: SECRETS / PAGE_SIZE },
        (_, index) => `/api/v1/secrets?page=${index + 1}&page_size=${PAGE_SIZE}`,
      ),
      must: 12,
      mustP99: 15,
    },
    {
      name: 'read a value',
      paths: sample(ids, 1_000).map((id) => `/api/v1/secrets/${id}/value`),
      must: 21,
      mustP99: 6,
      prototype: 'read',
      prototypeShare: 40,
    },
    {
      ...CREATION,
      name: 'create a secret',
      paths: ['/api/v1/secrets'],
      must: 7,
      mustP99: 15,
      prototype: 'create',
      prototypeShare: 15,
    },
    {
      name: 'change a value',
      method: 'PUT',
      body: '{"secret":{"value":"whsec_def456_$N"}}',
      paths: ids.slice(0, 5_000).map((id) => `/api/v1/secrets/${id}`),
      must: 7,
      mustP99: 15,
      prototype: 'create',
      prototypeShare: 15,
    },
  ];
}

function sample(list, count) {
  const step = Math.floor(list.length / count);
  return Array.from({ length: count }, (_, index) => list[index * step]);
}

function parse() {
  const text = (value) => ({ type: 'string', default: value });
  const flag = { type: 'boolean', default: false };
  const known = {
    split: flag,
    size: flag,
    organizations: text('10000'),
    each: text('100'),
    seconds: text('8'),
  };
  const command = 'npm run bench --';
  const { values } = readArguments({ command, usage, options: known });
  const number = (name) => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value > 0) return value;
    return refuseArguments(`--${name} takes a whole number above 0, not ${values[name]}`, command);
  };
  return {
    split: values.split,
    size: values.size,
    organizations: number('organizations'),
    each: number('each'),
    seconds: number('seconds'),
  };
}
