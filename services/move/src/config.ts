import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { storeSettings, toStoresConfig, type StoresConfig } from '#libs/host';
import { AppError, readEnv } from '#libs/kernel';

/** One side of a move. */
export interface Side {
  /** As the user named it: it holds no password, as a URL would. */
  readonly name: string;
  readonly stores: StoresConfig;
}

/**
 * Reads where the stores of a side are. `place` is a data directory with the embedded engines, there or to be
 * made; or a file of settings, as `npm start` reads it; or the word `environment`. Fails with CONFIG_INVALID.
 */
export function readSide(place: string, env = process.env): Side {
  const settings = readEnv(settingsOf(place, env), storeSettings);
  return { name: place, stores: toStoresConfig(settings) };
}

function settingsOf(place: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (place === 'environment') return env;
  if (existsSync(place)) return statSync(place).isFile() ? fileOf(place) : { DATA_DIR: place };
  // A slip in the name of a file must not become a new data directory.
  if (/\benv\b/.test(path.basename(place))) throw unreadable(place);
  return { DATA_DIR: place };
}

function fileOf(place: string): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync(place, 'utf8'));
  } catch (cause) {
    throw unreadable(place, cause);
  }
}

function unreadable(place: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', { safeMessage: `The settings in ${place} cannot be read.`, cause });
}
