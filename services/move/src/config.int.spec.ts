import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSide } from './config';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'move-config-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const urlsOf = (place: string, env: NodeJS.ProcessEnv = {}) => {
  const { eventStoreUrl, keyStoreUrl, readStoreUrl } = readSide(place, env).stores;
  return [eventStoreUrl, keyStoreUrl, readStoreUrl('secrets-query')];
};
const engines = {
  EVENT_STORE_URL: 'esdb://user:secret@host:2113',
  KEY_STORE_URL: 'mongodb://keys',
  READ_STORE_URL: 'mongodb://reads/hklst',
};
const settings = Object.entries(engines).map(([name, url]) => `${name}=${url}\n`);
const enginesUrls = ['esdb://user:secret@host:2113', 'mongodb://keys', 'mongodb://reads/hklst-secrets-query'];

describe('readSide', () => {
  it('takes a folder for a data directory, whatever the environment says, and makes nothing', () => {
    const there = path.join(folder, 'there');
    mkdirSync(there);
    for (const place of [there, path.join(folder, 'new')]) {
      expect(urlsOf(place, engines)).toEqual([
        `sqlite:${place}/events.db`,
        `sqlite:${place}/keys.db`,
        `sqlite:${place}/secrets-query.db`,
      ]);
    }
    expect(existsSync(path.join(folder, 'new'))).toBe(false);
  });

  it('takes a file for settings, and the environment by that name', () => {
    const file = path.join(folder, '.env.engines');
    writeFileSync(file, `# the new home\n${settings.join('')}`);
    expect(urlsOf(file)).toEqual(enginesUrls);
    expect(urlsOf('environment', engines)).toEqual(enginesUrls);
    expect(readSide(file, {}).name).toBe(file);
  });

  it('does not take a slip in the name of a file for a new data directory', () => {
    const place = path.join(folder, '.env.engine');
    expect(() => readSide(place, {})).toThrow(`The settings in ${place} cannot be read.`);
  });

  it.each(['mongodb://user:hunter2@host/hklst-keys', 'sqlite:./hunter2'])(
    'does not take %s for a new data directory, and repeats no password',
    (url) => {
      const refused = () => readSide(url, {});
      expect(refused).toThrow('A URL is no side of a move.');
      expect(refused).not.toThrow('hunter2');
    },
  );

  it('does not take a slip in the name of a setting for an embedded store', () => {
    const file = path.join(folder, 'settings');
    writeFileSync(
      file,
      'EVENT_STORE_URL=esdb://host\nKEYSTORE_URL=mongodb://keys\nREADS=mongodb://reads\nPORT=1\n',
    );
    expect(() => readSide(file, {})).toThrow(
      `${file} sets what is no setting: KEYSTORE_URL (is KEY_STORE_URL meant?), READS.`,
    );
  });

  it.each(['', '# KEY_STORE_URL=mongodb://keys\n', 'a.host.example.org\n', 'NAME=x\n'])(
    'does not take a file with %j for one of settings',
    (text) => {
      const file = path.join(folder, 'file');
      writeFileSync(file, text);
      expect(() => readSide(file, {})).toThrow(`${file} sets none of our settings. Name a data directory`);
    },
  );

  it('names a bad setting', () => {
    const file = path.join(folder, 'settings');
    writeFileSync(file, 'AUDIT_RETENTION_DAYS=many\n');
    expect(() => readSide(file, {})).toThrow(/AUDIT_RETENTION_DAYS must be a whole number/);
  });
});
