import type { ReadStore } from '#libs/read-store';
import { Redacted } from '#libs/kernel';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import { RecoveryCodes } from './recovery-codes';
import { UsedCodes } from './used-codes';

describe('RecoveryCodes', () => {
  let stores: TestStores;
  const open = async (reads: ReadStore) => {
    const usedCodes = new UsedCodes(stores.clock, reads);
    const codes = new RecoveryCodes(reads, stores.keyring, usedCodes);
    await usedCodes.onModuleInit();
    await codes.onModuleInit();
    return codes;
  };

  beforeEach(async () => {
    stores = await openTestStores();
  });
  afterEach(() => stores.discard());

  it('let one of two processes use a code, though both have found it before it is removed', async () => {
    let waiting = 0;
    let bothHaveFoundIt: () => void = () => undefined;
    const found = new Promise<void>((resolve) => (bothHaveFoundIt = resolve));
    const remove: ReadStore['remove'] = async (collection, id) => {
      waiting += 1;
      if (waiting === 2) bothHaveFoundIt();
      await found;
      return stores.reads.remove(collection, id);
    };
    const here = await open(intercepted(stores.reads, { remove }));
    const there = await open(intercepted(stores.reads, { remove }));
    const [code = ''] = (await here.renew('usr_1')).expose().split(' ');
    const used = await Promise.all([here, there].map((codes) => codes.use('usr_1', new Redacted(code))));
    expect(used.sort()).toEqual([false, true]);
    expect(await here.left('usr_1')).toBe(9);
  });

  it('are ten, though they are renewed twice at once: those that were given last', async () => {
    const codes = await open(stores.reads);
    const given = await Promise.all([codes.renew('usr_1'), codes.renew('usr_1')]);
    expect(await codes.left('usr_1')).toBe(10);
    const [first = '', last = ''] = given.map((texts) => texts.expose().split(' ')[0]);
    expect(await codes.use('usr_1', new Redacted(first))).toBe(false);
    expect(await codes.use('usr_1', new Redacted(last))).toBe(true);
  });

  it('are all removed, however many there are', async () => {
    const codes = await open(stores.reads);
    for (let n = 0; n < 201; n += 1)
      await stores.reads.put('recovery_codes_v1', { id: `code ${n}`, userId: 'usr_1' });
    await codes.removeAll('usr_1');
    expect(await codes.left('usr_1')).toBe(0);
  });
});
