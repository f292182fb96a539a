// `npm run bench -- --size`: compares the cost of a request in a large store with that in a small one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { load, medianOf } from './load.mjs';
import { publish, sizeTable } from './report.mjs';
import { seed, seedOrganizations } from './seed.mjs';
import { startServer } from './server-process.mjs';

const here = import.meta.dirname;
const standalone = path.join(here, '../dist/standalone.js');
const SMALL_SECRETS = 100;
const WARM_UP_SECONDS = 8;
const ROUND_SECONDS = 2;
/** The number of different requests that a run repeats, unless more organizations than that are active. */
const REQUESTS_MAX = 10_000;

const scenarios = [
  { name: 'list 20 (a page)', path: () => '/api/v1/secrets?page=1&page_size=20' },
  { name: 'read a value', path: (id) => `/api/v1/secrets/${id}/value` },
  {
    name: 'change a value',
    method: 'PUT',
    body: '{"secret":{"value":"whsec_def456_$N"}}',
    path: (id) => `/api/v1/secrets/${id}`,
  },
  {
    name: 'create a secret',
    method: 'POST',
    body: '{"secret":{"name":"CREATED_$N","value":"whsec_abc123_$N"}}',
    path: () => '/api/v1/secrets',
  },
];

/**
 * Compares a small store with one of `organizations` with `each` secrets. Of these, first a twentieth and then all are
 * active, and get one request each in turn.
 */
export async function benchSize({ seconds, organizations, each }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-bench-'));
  try {
    const small = await smallStore(path.join(folder, 'small'));
    const large = await largeStore(path.join(folder, 'large'), { organizations, each });
    const rows = [];
    for (const scenario of scenarios)
      for (const active of [Math.ceil(organizations / 20), organizations])
        rows.push({ ...(await compare(scenario, { small, large, active, seconds })), active });
    const memoryMiB = { small: small.server.memoryMiB(), large: large.server.memoryMiB() };
    await Promise.all([small.server.stop(), large.server.stop()]);
    const { readyMs } = large.server;
    publish('size', sizeTable({ rows, organizations, each, memoryMiB, readyMs }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Leaves room for all the secrets that a run creates, even if it creates them in few organizations. */
const ROOM = { PORT: '0', SECRETS_PER_ORGANIZATION_MAX: '1000000' };

async function smallStore(dataDir) {
  const server = await startServer(standalone, { ...ROOM, DATA_DIR: dataDir });
  const key = readFileSync(path.join(dataDir, 'first-api-key'), 'utf8').trim();
  const ids = await seed(server, { key, count: SMALL_SECRETS, prefix: 'BENCH' });
  return { server, owned: [{ key, ids }] };
}

/**
 * Fills a store and restarts its server, because a server that has just filled a store has other data in memory than
 * one in use.
 */
async function largeStore(dataDir, { organizations, each }) {
  const env = { ...ROOM, DATA_DIR: dataDir, OPEN_SIGN_UP: 'true', ORGANIZATIONS_PER_USER_MAX: '1000' };
  const first = await startServer(standalone, env);
  const owned = await seedOrganizations(first, { organizations, each });
  await first.stop();
  return { server: await startServer(standalone, env), owned };
}

/**
 * Measures both stores in alternating rounds, so that other load on the machine affects both. Gives the median of each
 * figure.
 */
async function compare({ path: pathOf, ...scenario }, { small, large, active, seconds }) {
  const step = large.owned.length / active;
  const used = Array.from({ length: active }, (_, index) => large.owned[Math.floor(index * step)]);
  const sides = [
    { server: small.server, requests: inTurn(small.owned, pathOf), rounds: [] },
    { server: large.server, requests: inTurn(used, pathOf), rounds: [] },
  ];
  console.log(`${scenario.name}, ${active} organizations active …`);
  for (let round = -1; round * ROUND_SECONDS < seconds; round += 1) {
    const body = scenario.body?.replace('_$N', `A${active}R${round + 1}_$N`);
    const length = round === -1 ? WARM_UP_SECONDS : ROUND_SECONDS;
    for (const { server, requests, rounds } of sides) {
      const measured = await load(server, { ...scenario, body, requests, seconds: length });
      if (round >= 0) rounds.push(measured);
    }
  }
  const [ofSmall, ofLarge] = sides.map(({ rounds }) => medianOf(rounds));
  return { name: scenario.name, small: ofSmall, large: ofLarge };
}

/** Gives requests for one secret of each organization, then for another one of each, and so on. */
function inTurn(owned, pathOf) {
  const turns = Math.ceil(REQUESTS_MAX / owned.length);
  const turn = (index) =>
    owned.flatMap(({ key, ids }) => (index < ids.length ? [{ key, path: pathOf(ids[index]) }] : []));
  return Array.from({ length: turns }, (_, index) => turn(index)).flat();
}
