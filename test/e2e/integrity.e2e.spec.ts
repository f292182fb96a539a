// Standalone only: it tampers with the files of the embedded stores.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Api } from './api';
import { filesBelow } from './canary';
import { expectRefusal } from './expect-refusal';
import { until } from './until';
import { Server } from './server';
import { changedEnvelope, Intruder, withFlippedBit, type Sealed } from './stored-data';

jest.setTimeout(120_000);

const HEADER_BYTES = 64;
const VALUE = 'sealed value';

/** Names of secrets, and what happens to the envelope of each. */
const envelopes: Record<string, (bytes: Buffer) => Uint8Array> = {
  FLIPPED_FORMAT: (bytes) => withFlippedBit(bytes, 0),
  FLIPPED_VERSION: (bytes) => withFlippedBit(bytes, 2),
  FLIPPED_SUITE: (bytes) => withFlippedBit(bytes, 3),
  FLIPPED_KEY_ID: (bytes) => withFlippedBit(bytes, 4),
  FLIPPED_COMMITMENT: (bytes) => withFlippedBit(bytes, 20),
  FLIPPED_NONCE: (bytes) => withFlippedBit(bytes, 52),
  FLIPPED_TEXT: (bytes) => withFlippedBit(bytes, HEADER_BYTES),
  FLIPPED_TAG: (bytes) => withFlippedBit(bytes, bytes.length - 1),
  EMPTIED: () => Buffer.alloc(0),
  CUT_TO_ONE: (bytes) => bytes.subarray(0, 1),
  CUT_IN_HEADER: (bytes) => bytes.subarray(0, 40),
  CUT_TO_HEADER: (bytes) => bytes.subarray(0, HEADER_BYTES),
  CUT_TAG_TO_4: (bytes) => bytes.subarray(0, bytes.length - 12),
  CUT_BY_ONE: (bytes) => bytes.subarray(0, -1),
  LENGTHENED: (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
  DOUBLED: (bytes) => Buffer.concat([bytes, bytes]),
  RANDOM: (bytes) => randomBytes(bytes.length),
};
const swapped = [
  'SWAPPED_A',
  'SWAPPED_B',
  'SWAPPED_TEXT_A',
  'SWAPPED_TEXT_B',
  'KEY_SWAPPED_A',
  'KEY_SWAPPED_B',
];
const harmed = [
  ...Object.keys(envelopes),
  ...swapped,
  'ROW_SWAPPED_A',
  'ROW_SWAPPED_B',
  'ROW_FLIPPED',
  'ROW_CUT',
  'ROW_EMPTIED',
];

describe('a value whose stored form was tampered with', () => {
  let server: Server;
  let api: Api;

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
    for (const name of [...harmed, 'VERSIONS', 'LATEST', 'HEALTHY', 'NO_JSON']) await api.create(name, VALUE);
    for (const name of ['VERSIONS', 'LATEST']) await api.update(name, { value: 'second value' });
    // Shown before it is tampered with: an event that cannot be read any more could not be projected either.
    expect((await api.list()).body.data).toHaveLength(harmed.length + 4);
    await server.stop();
    tamper(new Intruder(server.dataDir));
    server = await Server.start({ dataDir: server.dataDir });
    api = Api.of(server);
  });
  afterAll(() => server.discard());

  function tamper(intruder: Intruder): void {
    for (const [name, change] of Object.entries(envelopes))
      intruder.tamper([name], ([only] = []) => changedEnvelope(only, change));
    intruder.tamper(['SWAPPED_A', 'SWAPPED_B'], ([a] = [], [b] = []) => swapSealed(a, b));
    intruder.tamper(['SWAPPED_TEXT_A', 'SWAPPED_TEXT_B'], ([a] = [], [b] = []) => swap(a, b, 'envelope'));
    intruder.tamper(['KEY_SWAPPED_A', 'KEY_SWAPPED_B'], ([a] = [], [b] = []) => swap(a, b, 'dataKeyId'));
    intruder.tamper(['VERSIONS'], ([first, second] = []) => swapSealed(first, second));
    intruder.tamper(['LATEST'], ([, second] = []) =>
      changedEnvelope(second, (bytes) => withFlippedBit(bytes, 70)),
    );
    const [a = ''] = intruder.dataKeyIds('ROW_SWAPPED_A');
    const [b = ''] = intruder.dataKeyIds('ROW_SWAPPED_B');
    const [wrappedA, wrappedB] = [wrapped(intruder, a), wrapped(intruder, b)];
    rewrap(intruder, a, wrappedB);
    rewrap(intruder, b, wrappedA);
    for (const [name, change] of [
      ['ROW_FLIPPED', (bytes: Buffer) => withFlippedBit(bytes, 10)],
      ['ROW_CUT', (bytes: Buffer) => bytes.subarray(0, -1)],
      ['ROW_EMPTIED', () => Buffer.alloc(0)],
    ] as const) {
      const [id = ''] = intruder.dataKeyIds(name);
      rewrap(intruder, id, change(wrapped(intruder, id)));
    }
    const cut = 'UPDATE events SET data = substr(data, 1, 40) WHERE data LIKE \'%"NO_JSON"%\'';
    intruder.query('events.db', cut);
  }

  const expectIntegrityError = (answer: Awaited<ReturnType<Api['reveal']>>) => {
    const { error } = expectRefusal(answer, 500, 'INTEGRITY_ERROR');
    expect(error).toBe('The stored data failed its integrity check');
    expect(answer.text).not.toContain(VALUE);
  };

  it.each(harmed)('is not revealed: %s', async (name) => {
    expectIntegrityError(await api.reveal(name));
    expect((await api.get(name)).body.data).toMatchObject({ name, version: 1 });
    expect((await api.versions(name)).status).toBe(200);
  });

  it('is not revealed when versions were swapped', async () => {
    expectIntegrityError(await api.reveal('VERSIONS', 1));
    expectIntegrityError(await api.reveal('VERSIONS', 2));
  });

  it('is not revealed when its event can no longer be read', async () => {
    expectIntegrityError(await api.reveal('NO_JSON'));
  });

  it('leaves other secrets, other versions and the list as they were', async () => {
    expect((await api.reveal('HEALTHY')).body.value).toBe(VALUE);
    expectIntegrityError(await api.reveal('LATEST'));
    expect((await api.reveal('LATEST', 1)).body).toMatchObject({ value: VALUE, version: 1 });
    const names = (await api.list()).body.data.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...harmed, 'VERSIONS', 'LATEST', 'HEALTHY']));
  });

  it('is no obstacle to a new value', async () => {
    expect((await api.update('FLIPPED_TAG', { value: 'new value' })).body.data.version).toBe(2);
    expect((await api.reveal('FLIPPED_TAG')).body.value).toBe('new value');
    expectIntegrityError(await api.reveal('FLIPPED_TAG', 1));
    expect((await api.delete('ROW_CUT?destroy=true')).status).toBe(204);
  });

  it('is reported in the log', async () => {
    const answer = await api.reveal('RANDOM');
    const id = answer.headers.get('x-request-id');
    const reported = async () =>
      server.logs
        .split('\n')
        .filter((line) => line.includes(String(id)))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ level }) => level === 'error');
    // By the service that found it and by the gateway that answered.
    const errors = await until(reported, (lines) => lines.length === 2);
    for (const error of errors) expect(error).toMatchObject({ error_code: 'INTEGRITY_ERROR' });
  });
});

describe('a secret that was destroyed', () => {
  it('leaves no trace of its keys in the key store', async () => {
    const server = await Server.start();
    try {
      const api = Api.of(server);
      for (const name of ['KEPT', 'DESTROYED']) {
        await api.create(name, VALUE);
        await api.update(name, { value: 'second value' });
      }
      await server.stop();
      const intruder = new Intruder(server.dataDir);
      const [kept, destroyed] = [intruder.dataKeyIds('KEPT'), intruder.dataKeyIds('DESTROYED')];
      const secrets = destroyed.map((id) => wrapped(intruder, id));
      expect(secrets.map((bytes) => filesWith(server.dataDir, bytes))).toEqual([['keys.db'], ['keys.db']]);

      const again = await Server.start({ dataDir: server.dataDir });
      expect((await Api.of(again).delete('DESTROYED?destroy=true')).status).toBe(204);
      for (const bytes of secrets) expect(filesWith(server.dataDir, bytes)).toEqual([]);
      await again.stop();
      expect(destroyed.map((id) => wrapped(intruder, id).length)).toEqual([0, 0]);
      expect(kept.map((id) => wrapped(intruder, id).length > 0)).toEqual([true, true]);
    } finally {
      await server.discard();
    }
  });
});

function swapSealed(a: Sealed | undefined, b: Sealed | undefined): void {
  swap(a, b, 'envelope');
  swap(a, b, 'dataKeyId');
}

function swap(a: Sealed | undefined, b: Sealed | undefined, field: keyof Sealed): void {
  if (!a || !b) throw new Error('No such version');
  [a[field], b[field]] = [b[field], a[field]];
}

/** The wrapped data key in the key store; empty when it is not there. */
function wrapped(intruder: Intruder, id: string): Buffer {
  const [row] = intruder.query('keys.db', 'SELECT wrapped FROM keys WHERE id = ?', id) as {
    wrapped: Uint8Array;
  }[];
  return Buffer.from(row?.wrapped ?? []);
}

function rewrap(intruder: Intruder, id: string, bytes: Uint8Array): void {
  intruder.query('keys.db', 'UPDATE keys SET wrapped = ? WHERE id = ?', Buffer.from(bytes), id);
}

function filesWith(dataDir: string, bytes: Uint8Array): string[] {
  return filesBelow(dataDir).filter((file) =>
    readFileSync(path.join(dataDir, file)).includes(Buffer.from(bytes)),
  );
}
