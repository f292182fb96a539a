import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EventStore } from '#libs/event-store';
import { AppError } from '#libs/kernel';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import { readAccessConfig } from '../config';
import { forgetFirstKey, makeFirstKey } from './first-key-file';
import { FirstOrganization } from './first-organization';

describe('makeFirstKey', () => {
  let stores: TestStores;
  let config: { dataDir: string; firstApiKeyFile: string };
  const made = (append: EventStore['append'] = stores.events.append.bind(stores.events)) => {
    const events = intercepted(stores.events, { append });
    const first = new FirstOrganization(stores.clock, readAccessConfig({}), events, stores.keyring);
    return makeFirstKey(first, config);
  };
  /** A start that is killed, before or after the log has taken the key. */
  const killed = async (isAppended: boolean) => {
    const append: EventStore['append'] = async (request) => {
      if (isAppended) await stores.events.append(request);
      throw new AppError('STORE_UNAVAILABLE');
    };
    await expect(made(append)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  };
  const files = () => readdirSync(config.dataDir);
  const kept = () => readFileSync(config.firstApiKeyFile, 'utf8').trim();

  beforeEach(async () => {
    stores = await openTestStores();
    const dataDir = mkdtempSync(path.join(tmpdir(), 'hklst-first-key-'));
    config = { dataDir, firstApiKeyFile: path.join(dataDir, 'first-api-key') };
  });
  afterEach(async () => {
    rmSync(config.dataDir, { recursive: true, force: true });
    await stores.discard();
  });

  it('keeps the key in one file, and makes no other', async () => {
    const key = await made();
    expect(files()).toEqual(['first-api-key']);
    expect(kept()).toBe(key?.expose());
    expect(await made()).toBeNull();
    rmSync(config.dataDir, { recursive: true });
    expect(await made()).toBeNull();
    expect(existsSync(config.dataDir)).toBe(false);
  });

  it('gives and keeps the key of a start that was killed once the log had it', async () => {
    await killed(true);
    const [draft = ''] = files();
    expect(draft).not.toBe('first-api-key');
    const text = readFileSync(path.join(config.dataDir, draft), 'utf8').trim();
    expect((await made())?.expose()).toBe(text);
    expect(files()).toEqual(['first-api-key']);
    expect(kept()).toBe(text);
    expect(statSync(config.firstApiKeyFile).mode & 0o777).toBe(0o600);
    expect(await made()).toBeNull();
  });

  it('leaves no key of a start that was killed before, nor touches what others have put there', async () => {
    await killed(false);
    writeFileSync(`${config.firstApiKeyFile}.bak`, 'mine');
    const key = await made();
    expect(files().sort()).toEqual(['first-api-key', 'first-api-key.bak']);
    expect(kept()).toBe(key?.expose());
  });

  it('is undone by forgetFirstKey, whatever a start has left', async () => {
    await killed(true);
    writeFileSync(config.firstApiKeyFile, 'an earlier one');
    await forgetFirstKey(config);
    expect(files()).toEqual([]);
    await forgetFirstKey(config);
  });
});
