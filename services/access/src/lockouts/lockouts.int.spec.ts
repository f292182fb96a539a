import { AppError, isAppError } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import { openAccessWorld } from '../../../../test/access-world';
import { Pseudonyms } from '../users/pseudonyms';
import { FAILURES_KEPT_MS, FREE_ATTEMPTS } from './lockout.decider';
import { Lockouts, RECORDS_MAX } from './lockouts';

const RECORDS = 'sign_in_failures_v1';

describe('Lockouts', () => {
  let stores: TestStores;
  let lockouts: Lockouts;
  const open = async (reads: ReadStore = stores.reads) => {
    const opened = new Lockouts(stores.clock, reads, new Pseudonyms(stores.keyring));
    await opened.onModuleInit();
    return opened;
  };
  const attempt = (judge: () => Promise<{ right: true } | { wrong: true }>, id = 'ada@example.com') =>
    lockouts.judged({ kind: 'sign-in', id }, judge);
  const fail = (subject?: string) => attempt(async () => ({ wrong: true }), subject);
  const succeed = () => attempt(async () => ({ right: true }));
  /** One that cannot be judged. */
  const undecided = () => attempt(() => Promise.reject(new AppError('STORE_UNAVAILABLE')));
  const recorded = () => stores.reads.count(RECORDS, { where: {} });
  /** The seconds that somebody is told to wait; 0 when they may try, which is then taken back. */
  const wait = async () => {
    const error: unknown = await undecided().catch((thrown: unknown) => thrown);
    if (isAppError(error, 'STORE_UNAVAILABLE')) return 0;
    expect(error).toMatchObject({ code: 'RATE_LIMITED' });
    return (error as AppError).retryAfterSeconds ?? 0;
  };

  beforeEach(async () => {
    stores = await openTestStores();
    lockouts = await open();
  });
  afterEach(() => stores.discard());

  it('let somebody wait twice as long after each failure, up to a quarter of an hour', async () => {
    for (let n = 1; n < FREE_ATTEMPTS; n += 1) {
      await fail();
      expect(await wait()).toBe(0);
    }
    const waits: number[] = [];
    for (let n = 0; n < 13; n += 1) {
      await fail();
      const seconds = await wait();
      waits.push(seconds);
      stores.clock.pass(seconds * 1_000 - 1);
      expect(await wait()).toBe(1);
      stores.clock.pass(1);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('count in the next process what was counted in this one, and forget with a success', async () => {
    for (let n = 0; n < 8; n += 1) {
      stores.clock.pass((await wait()) * 1_000);
      await fail();
    }
    lockouts = await open();
    const seconds = await wait();
    expect(seconds).toBe(8);
    stores.clock.pass(seconds * 1_000);
    await succeed();
    expect(await recorded()).toBe(0);
    lockouts = await open();
    for (let n = 1; n < FREE_ATTEMPTS; n += 1) await fail();
    expect(await wait()).toBe(0);
  });

  it('count over all processes, and forget in all', async () => {
    const processes = [lockouts, await open()];
    let looked = 0;
    for (let n = 0; n < 2 * FREE_ATTEMPTS; n += 1) {
      lockouts = processes[n % 2]!;
      await fail().then(
        () => (looked += 1),
        () => undefined,
      );
    }
    expect(looked).toBe(FREE_ATTEMPTS);
    for (const process of processes) {
      lockouts = process;
      expect(await wait()).toBe(1);
    }
    stores.clock.pass(1_000);
    await succeed();
    lockouts = processes[0]!;
    for (let n = 1; n < FREE_ATTEMPTS; n += 1) await fail();
    expect(await wait()).toBe(0);
  });

  it('look at nothing that they cannot count', async () => {
    const put = async () => Promise.reject(new AppError('STORE_UNAVAILABLE'));
    lockouts = await open(intercepted(stores.reads, { put }));
    let isLookedAt = false;
    const guess = attempt(async () => {
      isLookedAt = true;
      return { wrong: true };
    });
    await expect(guess).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(isLookedAt).toBe(false);
  });

  it('look at five of a thousand guesses at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 1_000 }, () => fail()));
    const looked = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(looked).toHaveLength(FREE_ATTEMPTS);
  });

  it('keep what was counted beside an attempt that is taken back', async () => {
    let looked = 0;
    const guess = async () => {
      const guesses = await Promise.allSettled([fail(), fail(), fail()]);
      looked += guesses.filter(({ status }) => status === 'fulfilled').length;
    };
    for (let round = 0; round < 10 && (await wait()) === 0; round += 1) {
      // A right password without the code that it needs, and wrong codes before it is answered.
      const bait = attempt(async () => {
        await guess();
        throw new AppError('SECOND_FACTOR_REQUIRED');
      });
      await expect(bait).rejects.toMatchObject({ code: 'SECOND_FACTOR_REQUIRED' });
    }
    expect(looked).toBeLessThanOrEqual(FREE_ATTEMPTS);
    expect(looked).toBeGreaterThanOrEqual(FREE_ATTEMPTS - 1);
  });

  it('let nobody wait for an attempt that was taken back', async () => {
    for (let n = 0; n < FREE_ATTEMPTS + 3; n += 1) {
      stores.clock.pass((await wait()) * 1_000);
      await fail();
    }
    stores.clock.pass((await wait()) * 1_000);
    for (let time = 0; time < 2; time += 1) expect(await wait()).toBe(0);
    lockouts = await open();
    expect(await wait()).toBe(0);
  });

  it('keep people apart, and who has a session from who has none', async () => {
    for (let n = 0; n < FREE_ATTEMPTS; n += 1) await fail();
    expect(await wait()).toBe(1);
    await fail('grace@example.com');
    await lockouts.judged({ kind: 'session', id: 'ada@example.com' }, async () => ({ wrong: true }));
  });

  it('are forgotten after a day, though nobody tries again', async () => {
    for (const subject of ['a', 'b', 'c']) await fail(subject);
    stores.clock.pass(FAILURES_KEPT_MS);
    await fail('d');
    await lockouts.purge();
    expect(await recorded()).toBe(4);
    stores.clock.pass(1);
    let { reads } = stores;
    const purged = new Promise<number>((resolve) => {
      const removeBefore: ReadStore['removeBefore'] = async (...given) => {
        const removed = await stores.reads.removeBefore(...given);
        if (given[0] === RECORDS) resolve(removed);
        return removed;
      };
      reads = intercepted(stores.reads, { removeBefore });
    });
    const { app } = await openAccessWorld({ ...stores, reads });
    expect(await purged).toBe(3);
    expect(await recorded()).toBe(1);
    await app.close();
  });

  it('keep no more records than they may: the oldest go first', async () => {
    for (const subject of ['a', 'b', 'c', 'd', 'e']) {
      await fail(subject);
      stores.clock.pass(1_000);
    }
    const oldest = async () => {
      const query = { where: {}, sort: { field: 'lastAt', direction: 'ascending' as const }, limit: 10 };
      return (await stores.reads.find(RECORDS, query)).map((row) => String(row['lastAt']));
    };
    const before = await oldest();
    lockouts = await open(intercepted(stores.reads, { count: async () => RECORDS_MAX + 3 }));
    await fail('f');
    expect(await oldest()).toEqual([...before.slice(3), new Date(stores.clock.now()).toISOString()]);
  });
});
