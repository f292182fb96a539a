// `npm run bench`: loads the built server, a raw node:http server and a bare Nest application, and prints ratios.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
  const dataDir = mkdtempSync(path.join(tmpdir(), 'hklst-bench-'));
  try {
    await bench(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function bench(dataDir) {
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
  const nestShare = await framework(raw, seconds);
  const scenarios = scenariosOf(ids);
  const rows = [];
  for (const { must, mustP99, ...scenario } of scenarios) {
    console.log(`${scenario.name} …`);
    const warmUp = {
      ...scenario,
      key,
      body: scenario.body?.replace('_$N', 'W_$N'),
      seconds: WARM_UP_SECONDS,
    };
    await load(server, warmUp);
    const rounds = [];
    for (let round = 0; round * ROUND_SECONDS < seconds; round += 1) {
      const { perSecond: rawPerSecond, p99Ms: rawP99Ms } = await load(raw, {
        name: 'raw',
        paths: ['/'],
        seconds: 1,
      });
      const body = scenario.body?.replace('_$N', `R${round}_$N`);
      const measured = await load(server, { ...scenario, body, key, seconds: ROUND_SECONDS });
      rounds.push({ ...measured, rawPerSecond, rawP99Ms, ofRaw: measured.perSecond / rawPerSecond });
    }
    rows.push({ ...medianOf(rounds), name: scenario.name, must, mustP99 });
  }
  const alone = { key, seconds, connections: 1 };
  const singleWrite = { ...scenarios[2], body: scenarios[2].body.replace('CREATED', 'SINGLE') };
  const flush = flushTimes(dataDir);
  const single = [
    await load(raw, { ...alone, name: 'raw node:http, one connection', paths: ['/'] }),
    { ...(await load(server, { ...scenarios[1], ...alone, name: 'read, one connection' })), must: 0.6 },
    { ...(await load(server, { ...singleWrite, ...alone, name: 'create, one connection' })), must: 1.2 },
  ];
  await server.stop();
  const again = await startServer(standalone, env);
  const readyMs = again.readyMs;
  await again.stop();
  await raw.stop();
  const report = table({
    rows,
    single,
    flush,
    nestShare,
    idleMiB,
    secondStartMs: server.readyMs,
    lastStartMs: readyMs,
  });
  publish('standalone', report);
}

/** Measures which share of the raw server's rate a bare Nest application reaches on this machine. */
async function framework(raw, seconds) {
  const nest = await startServer(path.join(here, 'nest-server.mjs'));
  await load(nest, { name: 'nest', paths: ['/'], seconds: WARM_UP_SECONDS });
  const shares = [];
  for (let round = 0; round < 3; round += 1) {
    const { perSecond } = await load(raw, { name: 'raw', paths: ['/'], seconds });
    shares.push((await load(nest, { name: 'nest', paths: ['/'], seconds })).perSecond / perSecond);
  }
  await nest.stop();
  return shares.sort((a, b) => a - b)[1];
}

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
    },
    {
      name: 'create a secret',
      method: 'POST',
      body: '{"secret":{"name":"CREATED_$N","value":"whsec_abc123_$N"}}',
      paths: ['/api/v1/secrets'],
      must: 7,
      mustP99: 15,
    },
    {
      name: 'change a value',
      method: 'PUT',
      body: '{"secret":{"value":"whsec_def456_$N"}}',
      paths: ids.slice(0, 5_000).map((id) => `/api/v1/secrets/${id}`),
      must: 7,
      mustP99: 15,
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
