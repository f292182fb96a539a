// What this machine allows for the job itself: node:http without a framework and one SQLite log on a thread of its own,
// for one organization, without any of the product around it. Keys and values are checked, sealed and opened by
// libs/crypto, an append is durable before its answer leaves, and appends that come meanwhile share the next flush.
// Writes `prototype.json` into PROTOTYPE_DIR: an API key and the ids of a thousand secrets to read.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import Database from 'libsql';

// The built libs are CommonJS, whose names an import cannot always see.
const require = createRequire(import.meta.url);
const crypto = require('#libs/crypto');
const { Redacted } = require('#libs/kernel');

const SECRETS = 1_000;
const ORG = 'org_prototype';
const NAME = /^[A-Z][A-Z0-9_]{0,127}$/;
const READ = /^\/secrets\/([0-9a-f-]{36})\/value$/;

if (isMainThread) serve();
else writeLog(new Database(workerData));

function serve() {
  const folder = process.env.PROTOTYPE_DIR;
  const key = crypto.newApiKey(new Date());
  const secrets = secretsInMemory();
  const ids = Array.from({ length: SECRETS }, () => randomUUID());
  for (const id of ids) secrets.seal(id, 'whsec_abc123');
  const content = JSON.stringify({ key: key.text.expose(), ids });
  writeFileSync(path.join(folder, 'prototype.json'), content, { mode: 0o600 });

  const keys = new Map([[crypto.digestApiKey(key.text), key.id]]);
  const { read, create } = jobs(secrets, startLog(path.join(folder, 'prototype.db')));
  const answer = async (request) => {
    const shown = new Redacted(request.headers.authorization.slice('Bearer '.length));
    const by = keys.get(crypto.digestApiKey(shown));
    if (!by) return [401, {}];
    if (request.method === 'POST') return [201, await create(by, (await json(request)).secret)];
    const [, id] = READ.exec(request.url);
    return [200, await read(by, id)];
  };
  const server = createServer(async (request, response) => {
    const [status, content] = await answer(request);
    const body = JSON.stringify({ data: content });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}`));
}

function jobs(secrets, log) {
  return {
    async read(by, id) {
      const value = secrets.open(id);
      const at = new Date().toISOString();
      await log.append({ stream: `access-${ORG}.${id}`, type: 'SecretAccessed', data: { id, by, at } });
      return { id, value, decrypted_at: at };
    },

    async create(by, { name, value }) {
      if (!NAME.test(name) || typeof value !== 'string') throw new Error('An invalid secret');
      const id = randomUUID();
      const at = new Date().toISOString();
      const data = { id, name, by, at, ...secrets.seal(id, value) };
      await log.append({ stream: `secret-${ORG}.${id}`, type: 'SecretCreated', data });
      return { id, name, version: 1, created_at: at };
    },
  };
}

/** Envelopes and wrapped keys, as the product has them. */
function secretsInMemory() {
  const organizationKey = crypto.newKey();
  const secrets = new Map();
  return {
    seal(id, value) {
      const [dataKey, dataKeyId] = [crypto.newKey(), crypto.newDataKeyId(new Date())];
      const binding = { orgId: ORG, secretId: id, version: 1 };
      const wrapped = crypto.wrapKey(dataKey, organizationKey, keyBinding(id, dataKeyId));
      const envelope = crypto.sealEnvelope({ dataKey, dataKeyId, binding, plaintext: Buffer.from(value) });
      secrets.set(id, { dataKeyId, wrapped, envelope });
      return { dataKeyId, wrapped: wrapped.toString('base64'), envelope: envelope.toString('base64') };
    },
    open(id) {
      const { dataKeyId, wrapped, envelope } = secrets.get(id);
      const dataKey = crypto.unwrapKey(wrapped, organizationKey, keyBinding(id, dataKeyId));
      const binding = { orgId: ORG, secretId: id, version: 1 };
      return crypto.openEnvelope({ dataKey, dataKeyId, binding, envelope }).toString();
    },
  };
}

function keyBinding(secretId, id) {
  return { purpose: 'data key', parent: 'organization', id, generation: 1, orgId: ORG, secretId };
}

/** The log as the server sees it: what comes while a batch is written goes together into the next. */
function startLog(file) {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: file });
  let waiting = [];
  let written;
  const send = () => {
    if (written || waiting.length === 0) return;
    written = waiting;
    waiting = [];
    worker.postMessage(written.flatMap(({ stream, type, data }) => [stream, type, JSON.stringify(data)]));
  };
  worker.on('message', () => {
    for (const { done } of written) done();
    written = undefined;
    send();
  });
  return {
    append: (event) =>
      new Promise((done) => {
        waiting.push({ ...event, done });
        setImmediate(send);
      }),
  };
}

/** On the thread: one transaction for each batch, flushed; creations go into the list as well. */
function writeLog(db) {
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events(position INTEGER PRIMARY KEY, stream TEXT, type TEXT, data TEXT);
    CREATE INDEX by_stream ON events(stream);
    CREATE TABLE secrets(stream TEXT PRIMARY KEY, position INTEGER);`);
  const [begin, commit] = [db.prepare('BEGIN IMMEDIATE'), db.prepare('COMMIT')];
  const insert = db.prepare('INSERT INTO events(stream, type, data) VALUES (?, ?, ?)');
  const list = db.prepare('INSERT INTO secrets VALUES (?, ?)');
  parentPort.on('message', (batch) => {
    begin.run();
    for (let at = 0; at < batch.length; at += 3) {
      const [stream, type, data] = batch.slice(at, at + 3);
      const { lastInsertRowid } = insert.run(stream, type, data);
      if (type === 'SecretCreated') list.run(stream, lastInsertRowid);
    }
    commit.run();
    parentPort.postMessage(null);
  });
}
