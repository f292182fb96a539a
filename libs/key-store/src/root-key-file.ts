import { randomUUID } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatRootKey, newKey, parseRootKey } from '#libs/crypto';
import { AppError, type Redacted } from '#libs/kernel';
import type { KeyStore } from './key-store';

const FORMAT = '32 random bytes, as 64 hexadecimal digits or 44 characters of base64';
/** More than any root key takes, white space included. */
const FILE_BYTES_MAX = 1_024;

interface RootKeySource {
  /** Absolute path. */
  readonly file: string;
  /** From the environment; wins over the file. */
  readonly value?: Redacted<string> | undefined;
}

/**
 * Gives the root key. Makes the file when there is none and `keys` were never used: a new key beside old rows
 * would look like a working server and open nothing. Fails with ROOT_KEY_INVALID, naming the file.
 */
export async function loadRootKey({
  keys,
  ...source
}: RootKeySource & { readonly keys: Pick<KeyStore, 'rootKeyState' | 'count'> }): Promise<Buffer> {
  const key = await find(source);
  if (key) return key;
  const { file } = source;
  // A copy that was not finished has keys, but no state yet.
  if ((await keys.rootKeyState()) || (await keys.count({ purpose: 'instance' })) > 0) {
    throw invalid(
      `The root key file ${file} is missing, but the key store is in use. Put it back from its backup.`,
    );
  }
  await makeFile(file);
  return readRootKey({ file });
}

/** Gives a root key that must be there, such as the previous one. Fails like `loadRootKey`, and then gives `advice`. */
export async function readRootKey(source: RootKeySource, advice = ''): Promise<Buffer> {
  const key = await find(source);
  if (!key) throw invalid(`The root key file ${source.file} is missing.${advice && ` ${advice}`}`);
  return key;
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

/** Complete or not there at all, whenever the power fails; somebody else's file is left as it is. */
async function makeFile(file: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeDurably(draft, `${formatRootKey(newKey())}\n`);
    // A link, unlike a rename, never replaces what is there.
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
