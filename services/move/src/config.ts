import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { storeSettings, toStoresConfig, type StoresConfig } from '#libs/host';
import { AppError, readEnv } from '#libs/kernel';
import { describeNames, settingNames, strangeNames } from '#libs/process';

/** One side of a move. */
export interface Side {
  /** The argument of the user: a path or `environment`, never a URL. So it contains no password and may be printed. */
  readonly name: string;
  readonly stores: StoresConfig;
}

/**
 * Reads where the stores of a side are. `place` is a data directory with embedded stores, which need not exist yet, or
 * a file of settings as `npm start` reads it, or the word `environment`. Fails with CONFIG_INVALID, also for a file
 * with an unknown setting: a misspelt URL would otherwise select an embedded store instead of the server.
 */
export function readSide(place: string, env = process.env): Side {
  const settings = readEnv(settingsOf(place, env), storeSettings);
  return { name: place, stores: toStoresConfig(settings) };
}

/** At least two letters, because one letter before a colon is a Windows drive. */
const URL_SCHEME = /^[a-z][a-z\d+.-]+:/i;
const URL_REFUSED =
  'A URL is no side of a move. Write EVENT_STORE_URL, KEY_STORE_URL and READ_STORE_URL into a file, and name the file.';

function settingsOf(place: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (place === 'environment') return env;
  if (existsSync(place)) return statSync(place).isFile() ? fileOf(place) : { DATA_DIR: place };
  // A URL must not become the name of a new data directory. It may hold a password, so the error does not repeat it.
  if (URL_SCHEME.test(place)) throw unusable(URL_REFUSED);
  // A misspelt name of a settings file must not become a new data directory.
  if (/\benv\b/.test(path.basename(place))) throw unreadable(place);
  return { DATA_DIR: place };
}

function fileOf(place: string): NodeJS.ProcessEnv {
  const settings = parsed(place);
  const names = Object.keys(settings);
  const known = settingNames(readFileSync(require.resolve('#env.example'), 'utf8'));
  const strange = strangeNames(names, known);
  if (names.length === strange.length) {
    throw unusable(
      `${place} sets none of our settings. Name a data directory, or a file with EVENT_STORE_URL, KEY_STORE_URL and READ_STORE_URL.`,
    );
  }
  if (strange.length > 0) throw unusable(`${place} sets what is no setting: ${describeNames(strange)}.`);
  return settings;
}

function parsed(place: string): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync(place, 'utf8'));
  } catch (cause) {
    throw unreadable(place, cause);
  }
}

function unreadable(place: string, cause?: unknown): AppError {
  return unusable(`The settings in ${place} cannot be read.`, cause);
}

function unusable(safeMessage: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', { safeMessage, cause });
}
