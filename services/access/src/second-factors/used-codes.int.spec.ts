import { openTestStores, type TestStores } from '#libs/testing';
import { UsedCodes } from './used-codes';

describe('UsedCodes', () => {
  let stores: TestStores;
  let usedCodes: UsedCodes;

  beforeEach(async () => {
    stores = await openTestStores();
    usedCodes = new UsedCodes(stores.clock, stores.reads);
    await usedCodes.onModuleInit();
  });
  afterEach(() => stores.discard());

  it('are remembered for as long as the code of an app holds, and removed in the end', async () => {
    expect(await usedCodes.use('a code')).toBe(true);
    // Half a minute, and the one before and the one after.
    stores.clock.pass(90_000);
    await usedCodes.purge();
    expect(await usedCodes.use('a code')).toBe(false);
    stores.clock.pass(2 * 24 * 3_600_000);
    await usedCodes.purge();
    expect(await stores.reads.count('used_codes_v1', { where: {} })).toBe(0);
  });
});
