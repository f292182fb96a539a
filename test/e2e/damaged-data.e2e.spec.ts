// Standalone only: it damages the files of the embedded stores.
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  cpSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { Api } from './api';
import { filesBelow } from './canary';
import { expectRefusedStart } from './expect-refused-start';
import { newDataDir, Server } from './server';
import { digestsOf } from './stored-data';
import { until } from './until';

jest.setTimeout(120_000);

const VALUE = 'x'.repeat(500);

describe('a server on damaged data', () => {
  let dataDir: string;
  let pristine: string;
  let server: Server | undefined;
  const start = async (env: Record<string, string> = {}) => {
    server = await Server.start({ dataDir, env });
    return Api.of(server);
  };
  const inDataDir = (file: string) => path.join(dataDir, file);

  beforeAll(async () => {
    const first = await Server.start();
    for (let n = 0; n < 200; n += 1) await Api.of(first).create(`SECRET_${n}`, VALUE);
    await first.stop();
    pristine = first.dataDir;
  });
  beforeEach(() => {
    dataDir = newDataDir();
    cpSync(pristine, dataDir, { recursive: true });
  });
  afterEach(async () => {
    await server?.kill();
    rmSync(dataDir, { recursive: true });
  });
  afterAll(() => rmSync(pristine, { recursive: true }));

  const expectRefusedUntouched = async (about: string | RegExp, env: Record<string, string> = {}) => {
    const before = digestsOf(dataDir);
    const refusal = await Server.startRefused({ dataDir, env });
    expectRefusedStart(refusal, about);
    expect(digestsOf(dataDir)).toEqual(before);
    return refusal;
  };
  const expectItOpens = async (env: Record<string, string> = {}) => {
    expect((await (await start(env)).reveal('SECRET_7')).body.value).toBe(VALUE);
    expect(await server?.stop()).toBe(0);
  };

  it.each([
    ['events.db', 'in its header', () => 0],
    ['events.db', 'in the middle', (size: number) => Math.floor(size / 8192) * 4096],
    ['events.db', 'at its end', (size: number) => size - 4096],
    ['keys.db', 'in its header', () => 0],
    ['keys.db', 'in the middle', (size: number) => Math.floor(size / 8192) * 4096],
  ])('does not start with garbage in %s, %s', async (file, _, place) => {
    const { size } = statSync(inDataDir(file));
    const handle = openSync(inDataDir(file), 'r+');
    writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, place(size));
    closeSync(handle);
    await expectRefusedUntouched(inDataDir(file));
  });

  it.each(['events.db', 'keys.db'])('does not start when %s was cut', async (file) => {
    writeFileSync(inDataDir(file), readFileSync(inDataDir(file)).subarray(0, 10_000));
    await expectRefusedUntouched(inDataDir(file));
  });

  it.each(['events.db', 'keys.db'])('does not start anew when %s alone is missing', async (file) => {
    rmSync(inDataDir(file));
    const { code, output } = await Server.startRefused({ dataDir });
    expectRefusedStart({ code, output }, /events\.db|keys\.db|key store/);
  });

  it('does not start on a log that is older than what was made from it', async () => {
    const api = await start();
    await api.create('LATER', VALUE);
    await until(
      async () => (await api.list()).body.data.length,
      (length) => length === 201,
    );
    await server?.stop();
    for (const file of filesBelow(dataDir).filter((name) => name.startsWith('events.db')))
      rmSync(inDataDir(file));
    cpSync(path.join(pristine, 'events.db'), inDataDir('events.db'));
    expectRefusedStart(await Server.startRefused({ dataDir }), /events\.db is older than \S+\.db/);
  });

  it('does not start on keys that are older than the log', async () => {
    await (await start()).create('LATER', VALUE);
    await server?.stop();
    for (const file of filesBelow(dataDir).filter((name) => name.startsWith('keys.db')))
      rmSync(inDataDir(file));
    cpSync(path.join(pristine, 'keys.db'), inDataDir('keys.db'));
    expectRefusedStart(await Server.startRefused({ dataDir }), 'keys.db is older than events.db');
  });

  it('does not start when the log of an installation without secrets is lost', async () => {
    rmSync(dataDir, { recursive: true });
    const first = await Server.start({ dataDir });
    await first.stop();
    rmSync(inDataDir('events.db'));
    const { code, output } = await Server.startRefused({ dataDir });
    expectRefusedStart({ code, output }, 'events.db is older than access.db');
  });

  it('does not start with another root key, and says nothing about either', async () => {
    const right = readFileSync(inDataDir('root.key'), 'utf8').trim();
    const wrong = randomBytes(32).toString('hex');
    writeFileSync(inDataDir('root.key'), `${wrong}\n`);
    const { output } = await expectRefusedUntouched(/root key/i);
    expect(output).not.toContain(wrong.slice(0, 8));
    expect(output).not.toContain(right.slice(0, 8));
    writeFileSync(inDataDir('root.key'), `${right}\n`);
    await expectItOpens();
  });

  it('does not start with another root key from the environment', async () => {
    const wrong = randomBytes(32).toString('base64');
    const { output } = await expectRefusedUntouched(/root key/i, { ROOT_KEY: wrong });
    expect(output).not.toContain(wrong.slice(0, 8));
  });

  it.each([
    ['31 bytes', randomBytes(31).toString('hex')],
    ['33 bytes', randomBytes(33).toString('hex')],
    ['nothing', ''],
    ['zeros', '0'.repeat(64)],
    ['words', 'correct horse battery staple'],
  ])('does not start with a root key of %s', async (_, text) => {
    writeFileSync(inDataDir('root.key'), text);
    const { output } = await expectRefusedUntouched(/root key.*root\.key/i);
    if (text !== '') expect(output).not.toContain(text.slice(0, 12));
    if (text !== '')
      expect((await expectRefusedUntouched(/root key/i, { ROOT_KEY: text })).output).not.toContain(text);
  });

  it.each([0o644, 0o640, 0o604, 0o620])('does not start with a root key of mode %o', async (mode) => {
    chmodSync(inDataDir('root.key'), mode);
    await expectRefusedUntouched(/root key.*root\.key/i);
    chmodSync(inDataDir('root.key'), 0o600);
    await expectItOpens();
  });

  it('does not start when the root key is missing, and makes no other', async () => {
    renameSync(inDataDir('root.key'), `${dataDir}.key`);
    await expectRefusedUntouched(/root key.*root\.key/i);
    expect(filesBelow(dataDir)).not.toContain('root.key');
    renameSync(`${dataDir}.key`, inDataDir('root.key'));
    await expectItOpens();
  });

  it('does not start with current and previous root key swapped', async () => {
    const right = readFileSync(inDataDir('root.key'), 'utf8').trim();
    const next = randomBytes(32).toString('hex');
    await expectItOpens({ ROOT_KEY: next, ROOT_KEY_PREVIOUS: right });
    await expectRefusedUntouched(/root key/i, { ROOT_KEY: right, ROOT_KEY_PREVIOUS: next });
    await expectRefusedUntouched(/root key/i);
    await expectItOpens({ ROOT_KEY: next });
  });

  it('rebuilds lists that are missing from the log', async () => {
    const lists = filesBelow(dataDir).filter((name) =>
      /^(secrets-query|secrets-command|access)\.db/.test(name),
    );
    expect(lists.length).toBeGreaterThanOrEqual(3);
    for (const file of lists) rmSync(inDataDir(file));
    const api = await start();
    const listed = async () => (await api.list()).body.data.length;
    expect(await until(listed, (length) => length === 200)).toBe(200);
  });
});
