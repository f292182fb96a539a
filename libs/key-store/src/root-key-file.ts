import { randomUUID } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatRootKey, isSampleRootKey, newKey, parseRootKey } from '#libs/crypto';
import { AppError, type Redacted } from '#libs/kernel';
import type { KeyStore } from './key-store';

const FORMAT = '32 random bytes, as 64 hexadecimal digits or 44 characters of base64';
/** More than any root key needs, white space included. */
const FILE_BYTES_MAX = 1_024;

interface RootKeySource {
  /** Absolute path. */
  readonly file: string;
  /** The key from the environment. It takes precedence over the file. */
  readonly value?: Redacted<string> | undefined;
}

/**
 * Reads the root key. Makes the file if it is missing and the key store is unused: with a new key beside old rows, the
 * server would seem to work and could open no value. Fails with ROOT_KEY_INVALID, which names the file.
 */
export async function loadRootKey({
  keys,
  ...source
}: RootKeySource & { readonly keys: Pick<KeyStore, 'rootKeyState' | 'count'> }): Promise<Buffer> {
  const key = await find(source);
  if (key) return notSample(key, source);
  const { file } = source;
  // A key store whose copy was interrupted has keys, but no root key state yet.
  if ((await keys.rootKeyState()) || (await keys.count({ purpose: 'instance' })) > 0) {
    throw invalid(
      `The root key file ${file} is missing, but the key store is in use. Put it back from its backup.`,
    );
  }
  await makeFile(file);
  return readRootKey({ file });
}

/** Reads a root key that must exist. Fails like `loadRootKey`, and adds `advice` when the file is missing. */
export async function readRootKey(source: RootKeySource, advice = ''): Promise<Buffer> {
  return notSample(await existing(source, advice), source);
}

/** Reads the root key that a rotation replaces. It may be a sample, because a rotation is the way to get rid of one. */
export async function readPreviousRootKey(source: RootKeySource): Promise<Buffer> {
  return existing(source, '');
}

async function existing(source: RootKeySource, advice: string): Promise<Buffer> {
  const key = await find(source);
  if (!key) throw invalid(`The root key file ${source.file} is missing.${advice && ` ${advice}`}`);
  return key;
}

function notSample(key: Buffer, { file, value }: RootKeySource): Buffer {
  if (!isSampleRootKey(key)) return key;
  const place = value ? 'The root key in the environment' : `The root key in ${file}`;
  throw invalid(
    `${place} is a sample that others know. Make one of ${FORMAT}. If the key store was made with the sample, give it as the previous root key for one start.`,
  );
}

async function find({ file, value }: RootKeySource): Promise<Buffer | null> {
  if (!value) return readFile(file);
  const key = parseRootKey(value.expose());
  if (!key) throw invalid(`The root key in the environment is not valid: it must be ${FORMAT}.`);
  return key;
}

async function readFile(file: string): Promise<Buffer | null> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return null;
    throw invalid(`The root key file ${file} cannot be read: ${errorCode(cause)}.`, cause);
  });
  if (!handle) return null;
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw invalid(`The root key file ${file} is not a file.`);
    if ((found.mode & 0o077) !== 0) {
      throw invalid(`Others may read or change the root key file ${file}. Run: chmod 600 ${file}`);
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FILE_BYTES_MAX));
    const key = parseRootKey(buffer.toString('latin1', 0, bytesRead));
    buffer.fill(0);
    if (!key) throw invalid(`The root key file ${file} is not valid: it must hold ${FORMAT}.`);
    return key;
  } finally {
    await handle.close();
  }
}

/** Makes the file: complete or not at all, even if the power fails. Keeps a file that another process has just made. */
async function makeFile(file: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeDurably(draft, `${formatRootKey(newKey())}\n`);
    // Unlike a rename, a link never replaces a file that exists.
    await link(draft, file).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    await unlink(draft);
    await syncDirectory(dirname(file));
  } catch (cause) {
    await unlink(draft).catch(() => undefined);
    throw invalid(`The root key file ${file} cannot be made: ${errorCode(cause)}.`, cause);
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

function errorCode(error: unknown): string {
  return typeof error === 'object' && error && 'code' in error ? String(error.code) : 'unknown error';
}

function invalid(sentence: string, cause?: unknown): AppError {
  return new AppError('ROOT_KEY_INVALID', { safeMessage: sentence, cause });
}
