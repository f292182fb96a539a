import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const CONCURRENCY = 64;
const CONCURRENCY_PATIENT = 16;
const TRIES_MAX = 20;
/** Together with the personal organization, this stays below the highest ORGANIZATIONS_PER_USER_MAX. */
const ORGANIZATIONS_PER_PERSON = 900;
const SCOPES = ['secrets:list', 'secrets:read', 'secrets:write'];
const PAUSE_MS = 250;

/**
 * Creates `count` secrets through the API, changes the value of each `changes` times, and gives their ids. With
 * `isPatient`, a write that is answered with 503 is sent again under its Idempotency-Key, so that it takes effect once.
 */
export async function seed(
  server,
  {
    key,
    count,
    prefix,
    changes = 0,
    isPatient = false,
    concurrency = isPatient ? CONCURRENCY_PATIENT : CONCURRENCY,
  },
) {
  const ids = new Array(count);
  const write = isPatient ? writePatiently : writeOnce;
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      const name = `${prefix}_${index}`;
      const value = `value-${index}-${'x'.repeat(40)}`;
      const secret = { name, value, tags: ['bench'] };
      const { data } = await write({ method: 'POST', url: `${server.url}/api/v1/secrets`, key, secret });
      ids[index] = data.id;
      for (let change = 1; change <= changes; change += 1) {
        const url = `${server.url}/api/v1/secrets/${data.id}`;
        await write({ method: 'PUT', url, key, secret: { value: `${value}-${change}` } });
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return ids;
}

/**
 * Makes organizations with `each` secrets through the API, as people who sign up would. Gives an API key and the ids of
 * the secrets for each organization.
 */
export async function seedOrganizations(server, { organizations, each }) {
  const owned = [];
  for (let person = 0; owned.length < organizations; person += 1) {
    const cookie = await signUp(server, `owner-${person}@example.com`);
    const count = Math.min(ORGANIZATIONS_PER_PERSON, organizations - owned.length);
    for (let index = 0; index < count; index += 1) {
      const asOwner = { cookie, 'sec-fetch-site': 'same-origin' };
      const { data: organization } = await post(server, 'organizations', asOwner, {
        name: `Bench ${owned.length}`,
      });
      const path = `organizations/${organization.id}/api-keys`;
      const { key } = await post(server, path, asOwner, { name: 'bench', scopes: SCOPES });
      owned.push({ key, ids: [] });
    }
    progress('organizations', owned.length, organizations);
  }
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < owned.length) {
      const index = next++;
      const { key } = owned[index];
      owned[index].ids = await seed(server, { key, count: each, prefix: 'BENCH', concurrency: 1 });
      done += each;
      progress('secrets', done, organizations * each);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return owned;
}

async function signUp(server, email) {
  const person = { email, name: 'Bench', password: randomUUID() };
  const url = `${server.url}/api/v1/auth/sign-up`;
  const response = await sendJson('POST', url, { 'sec-fetch-site': 'same-origin' }, person);
  await answer(response);
  return response.headers.getSetCookie()[0].split(';')[0];
}

async function post(server, path, headers, body) {
  return answer(await sendJson('POST', `${server.url}/api/v1/${path}`, headers, body));
}

function progress(what, done, all) {
  process.stderr.write(
    `\r${done.toLocaleString('en')} of ${all.toLocaleString('en')} ${what}${done >= all ? '\n' : '   '}`,
  );
}

async function writePatiently(request) {
  const headers = { 'idempotency-key': randomUUID() };
  for (let tries = 1; ; tries += 1) {
    const response = await send(request, headers);
    if (response.status !== 503 || tries === TRIES_MAX) return answer(response);
    await response.arrayBuffer();
    await delay(PAUSE_MS);
  }
}

async function writeOnce(request) {
  return answer(await send(request));
}

function send({ method, url, key, secret }, headers = {}) {
  return sendJson(method, url, { authorization: `Bearer ${key}`, ...headers }, { secret });
}

function sendJson(method, url, headers, body) {
  const all = { 'content-type': 'application/json', ...headers };
  return fetch(url, { method, headers: all, body: JSON.stringify(body) });
}

async function answer(response) {
  if (response.ok) return response.json();
  throw new Error(`Seeding failed with ${response.status}: ${await response.text()}`);
}
