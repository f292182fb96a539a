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
});
