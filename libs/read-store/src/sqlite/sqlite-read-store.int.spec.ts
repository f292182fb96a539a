import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReadStore } from '../open-read-store';
import { emptyReadStoreContract, readStoreContract } from '../read-store.contract';

const directory = mkdtempSync(join(tmpdir(), 'read-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

readStoreContract('SQLite', () => openReadStore(`sqlite:${join(directory, 'read.db')}`));

let files = 0;
emptyReadStoreContract('SQLite', () => openReadStore(`sqlite:${join(directory, `empty-${++files}.db`)}`));

describe('openReadStore', () => {
  it.each(['sqlite:relative.db', 'sqlite:', 'postgres://host', 'constructor:/x', '/no/scheme', ''])(
    'refuses %j',
    async (url) => {
      await expect(openReadStore(url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    },
  );
});
