import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatRootKey, newKey } from '#libs/crypto';
import { Redacted, type AppError } from '#libs/kernel';
import type { RootKeyState } from './key-store';
import { loadRootKey, readPreviousRootKey, readRootKey } from './root-key-file';

const sample = Buffer.from(Array.from({ length: 32 }, (_, at) => at));
const keyStore = (state: RootKeyState | null, keys = 0) => ({
  rootKeyState: () => Promise.resolve(state),
  count: () => Promise.resolve(keys),
});
const unused = keyStore(null);
const inUse = keyStore({ current: 'a', previous: null, retired: [] });

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'root-key-'));
  file = join(directory, 'root.key');
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(content: string | Uint8Array, mode = 0o600): void {
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** Refused in words that name the file and hold nothing of what is in it. */
async function expectRefused(work: Promise<unknown>, words: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason as AppError,
  );
  expect(error).toMatchObject({
    code: 'ROOT_KEY_INVALID',
    kind: 'startup',
    safeMessage: expect.stringMatching(words) as string,
  });
  expect(error?.safeMessage).toContain(file);
}

describe('loadRootKey', () => {
  it('makes the file at the first start, for its owner alone, and reads it from then on', async () => {
    const key = await loadRootKey({ file, keys: unused });
    expect(key).toHaveLength(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toBe(`${formatRootKey(key)}\n`);
    expect(await loadRootKey({ file, keys: inUse })).toEqual(key);
    expect(readdirSync(directory)).toEqual(['root.key']);
  });

  it('makes one file when several start at once', async () => {
    const loaded = await Promise.all(Array.from({ length: 20 }, () => loadRootKey({ file, keys: unused })));
    expect(new Set(loaded.map((key) => key.toString('hex'))).size).toBe(1);
    expect(readdirSync(directory)).toEqual(['root.key']);
  });

  it('reads base64 as well, through a symbolic link, read-only', async () => {
    const key = newKey();
    write(`${key.toString('base64')}\n`, 0o400);
    const linked = join(directory, 'linked.key');
    symlinkSync(file, linked);
    expect(await loadRootKey({ file: linked, keys: inUse })).toEqual(key);
  });

  it('makes no new key when the file is missing and the key store is in use', async () => {
    await expectRefused(loadRootKey({ file, keys: inUse }), /is missing.*backup/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('makes no new key when the file is missing and somebody has begun to fill the key store', async () => {
    await expectRefused(loadRootKey({ file, keys: keyStore(null, 1) }), /is missing.*backup/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o666])(
    'refuses a file that others may use: mode %o',
    async (mode) => {
      write(formatRootKey(newKey()), mode);
      await expectRefused(loadRootKey({ file, keys: inUse }), /chmod 600/);
    },
  );

  it.each([
    ['nothing', ''],
    ['31 bytes', formatRootKey(newKey().subarray(1))],
    ['32 raw bytes', newKey()],
    ['a sentence', 'correct horse battery staple'],
    ['two keys', `${formatRootKey(newKey())}\n${formatRootKey(newKey())}\n`],
    ['a key behind a lot of white space', ' '.repeat(2_000) + formatRootKey(newKey())],
  ])('refuses a file that holds %s, and leaves it as it is', async (_, content) => {
    write(content);
    const before = readFileSync(file);
    const work = loadRootKey({ file, keys: unused });
    await expectRefused(work, /is not valid: it must hold 32 random bytes/);
    await expect(work).rejects.not.toMatchObject({ safeMessage: expect.stringContaining('horse') as string });
    expect(readFileSync(file)).toEqual(before);
  });

  it('refuses a directory, and a place where it cannot make the file', async () => {
    mkdirSync(file);
    await expectRefused(loadRootKey({ file, keys: unused }), /is not a file/);
    file = join(directory, 'missing', 'root.key');
    await expectRefused(loadRootKey({ file, keys: unused }), /cannot be made: ENOENT/);
  });

  it('prefers the key from the environment, and makes no file then', async () => {
    const key = newKey();
    expect(await loadRootKey({ file, value: new Redacted(formatRootKey(key)), keys: unused })).toEqual(key);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a key from the environment that is none, without repeating it', async () => {
    const work = loadRootKey({ file, value: new Redacted('change-me'), keys: unused });
    await expect(work).rejects.toMatchObject({
      code: 'ROOT_KEY_INVALID',
      safeMessage: expect.stringMatching(/32 random bytes/) as string,
    });
    await expect(work).rejects.not.toMatchObject({
      safeMessage: expect.stringContaining('change-me') as string,
    });
  });
});

describe('readPreviousRootKey', () => {
  it('reads a sample, which no start accepts as the root key, so that it can be rotated away', async () => {
    write(formatRootKey(sample));
    await expectRefused(loadRootKey({ file, keys: inUse }), /is a sample.*as the previous root key/);
    await expectRefused(readRootKey({ file }), /is a sample/);
    const value = new Redacted(formatRootKey(sample));
    await expect(readRootKey({ file, value })).rejects.toMatchObject({
      safeMessage: expect.stringMatching(/^The root key in the environment is a sample/) as string,
    });
    expect(await readPreviousRootKey({ file })).toEqual(sample);
    expect(await readPreviousRootKey({ file: join(directory, 'none'), value })).toEqual(sample);
  });

  it('refuses what is missing, or is no root key', async () => {
    await expectRefused(readPreviousRootKey({ file }), /is missing/);
    write('correct horse battery staple');
    await expectRefused(readPreviousRootKey({ file }), /is not valid/);
  });
});

describe('readRootKey', () => {
  it('reads a key that is there and makes none', async () => {
    await expectRefused(readRootKey({ file }), /is missing/);
    const key = newKey();
    write(formatRootKey(key));
    expect(await readRootKey({ file })).toEqual(key);
  });
});
