import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';

const root = path.join(import.meta.dirname, '..');

/**
 * Adds the settings of .env to the environment, which takes precedence. An unknown name in .env fails the start,
 * because that file is only for us. The environment is shared with other programs, so an unknown name there is reported
 * only if it looks like a setting of ours. The argument is libs/process/src/setting-names.
 */
export function loadSettings({ describeNames, settingNames, strangeNames }) {
  const known = settingNames(readFileSync(path.join(root, '.env.example'), 'utf8'));
  const strangeOf = (env) => strangeNames(Object.keys(env), known);
  const slips = strangeOf(process.env).filter(({ meant }) => meant !== null);
  if (slips.length > 0) console.error(`No setting, and ignored: ${describeNames(slips)}.`);

  const file = path.join(root, '.env');
  if (!existsSync(file)) return;
  if (!statSync(file).isFile()) throw new Error(`Cannot start: ${file} is not a file.`);
  const strange = strangeOf(parseEnv(readFileSync(file, 'utf8')));
  if (strange.length > 0) {
    const list = describeNames(strange);
    throw new Error(`Cannot start: .env sets what is no setting: ${list}. .env.example lists all of them.`);
  }
  process.loadEnvFile(file);
}
