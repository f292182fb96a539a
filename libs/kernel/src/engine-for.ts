import { isAbsolute } from 'node:path';
import { configInvalid } from './env';

const FILE = 'sqlite';

/**
 * Finds in `engines`, by its scheme, the engine that the URL of a store names. `place` is what it opens: the path of a
 * `sqlite:` URL, or else the whole URL. Fails with CONFIG_INVALID, which names the setting and repeats no part of the
 * URL, because it may hold a password.
 */
export function engineFor<E>(
  setting: string,
  url: string,
  engines: ReadonlyMap<string, E>,
): { engine: E; place: string } {
  const [, scheme = '', rest = ''] = /^([a-z+]+):(.*)$/s.exec(url) ?? [];
  const engine = engines.get(scheme);
  if (engine === undefined) {
    throw configInvalid(setting, `must begin with ${[...engines.keys()].join(': or ')}:`);
  }
  if (scheme !== FILE) return { engine, place: url };
  if (!isAbsolute(rest)) throw configInvalid(setting, 'must name a file by an absolute path after sqlite:');
  return { engine, place: rest };
}
