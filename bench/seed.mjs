import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const CONCURRENCY = 64;
const CONCURRENCY_PATIENT = 16;
const TRIES_MAX = 20;
const PAUSE_MS = 250;

/**
 * Creates secrets through the API, `count` of them, changes the value of each so often, and gives their ids. Patient:
 * a store that is slow to answer is asked again, under an Idempotency-Key, which makes that harmless.
 */
export async function seed(server, { key, count, prefix, changes = 0, isPatient = false }) {
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
  await Promise.all(Array.from({ length: isPatient ? CONCURRENCY_PATIENT : CONCURRENCY }, worker));
  return ids;
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
  const all = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers };
  return fetch(url, { method, headers: all, body: JSON.stringify({ secret }) });
}

async function answer(response) {
  if (response.ok) return response.json();
  throw new Error(`Seeding failed with ${response.status}: ${await response.text()}`);
}
