import { AppError } from '#libs/kernel';
import { TestClock } from '#libs/testing';
import { RecentStates } from './recent-states';

const FRESH_MS = 1_000;
const STALE_MS = 60_000;

interface State {
  readonly value: number;
}

/** A store whose readings end when told to. */
class Store {
  value = 1;
  readings = 0;
  failure: AppError | null = null;
  readonly #waiting: (() => void)[] = [];

  /** Gives what was true when the reading began. */
  read = async (id: string): Promise<State | null> => {
    this.readings += 1;
    const seen = id === 'nobody' ? null : { value: this.value };
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.failure) throw this.failure;
    return seen;
  };

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

describe('RecentStates', () => {
  let clock: TestClock;
  let store: Store;
  const open = (weightMax = 100) =>
    new RecentStates<State>({
      clock,
      read: store.read,
      freshMs: FRESH_MS,
      staleMs: STALE_MS,
      weigh: () => 9,
      weightMax,
    });

  beforeEach(() => {
    clock = new TestClock();
    store = new Store();
  });

  it('reads once for all who ask at the same time, and not again while it believes it', async () => {
    const states = open();
    const asked = [states.get('a'), states.get('a')];
    expect(states.peek('a')).toBeUndefined();
    store.release();
    expect(await Promise.all(asked)).toEqual([{ value: 1 }, { value: 1 }]);
    expect(states.peek('a')).toEqual({ value: 1 });
    expect(await states.get('a')).toEqual({ value: 1 });
    expect(store.readings).toBe(1);
  });

  it('reads again when the time is over', async () => {
    const states = open();
    for (let time = 1; time <= 2; time += 1) {
      const asked = states.get('a');
      store.release();
      await asked;
      expect(store.readings).toBe(time);
      clock.pass(FRESH_MS);
      expect(states.peek('a')).toEqual({ value: 1 });
      clock.pass(1);
      expect(states.peek('a')).toBeUndefined();
    }
  });

  it('gives nobody who asks after a change what was read before it', async () => {
    const states = open();
    const before = states.get('a');
    store.value = 2;
    states.changed('a');
    const after = states.get('a');
    store.release();
    expect(await before).toEqual({ value: 1 });
    expect(await after).toEqual({ value: 2 });
    expect(states.peek('a')).toEqual({ value: 2 });
  });

  it('gives what was last read while the store is away, as nothing to believe', async () => {
    const states = open();
    const ask = async () => {
      clock.pass(FRESH_MS + 1);
      const asked = states.get('a');
      store.release();
      return asked;
    };
    await ask();
    store.failure = new AppError('STORE_UNAVAILABLE');
    expect(states.isStale('a')).toBe(false);
    expect(await ask()).toEqual({ value: 1 });
    expect([states.peek('a'), states.isStale('a')]).toEqual([undefined, true]);
    store.failure = null;
    await ask();
    expect(states.isStale('a')).toBe(false);
    store.failure = new AppError('INTEGRITY_ERROR');
    await expect(ask()).rejects.toMatchObject({ code: 'INTEGRITY_ERROR' });
    store.failure = new AppError('STORE_UNAVAILABLE');
    // Not what a change may have overtaken.
    states.changed('a');
    await expect(ask()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('gives nothing that is too old, and nothing that was never read', async () => {
    const states = open();
    const known = states.get('a');
    store.release();
    await known;
    clock.pass(STALE_MS + 1);
    store.failure = new AppError('STORE_UNAVAILABLE');
    for (const id of ['a', 'b']) {
      const asked = states.get(id);
      store.release();
      await expect(asked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    }
  });

  it('keeps nothing that a change has overtaken', async () => {
    const states = open();
    const before = states.get('a');
    states.changed('a');
    store.release();
    await before;
    expect(states.peek('a')).toBeUndefined();
  });

  it('keeps nothing of what is not there', async () => {
    const states = open();
    const asked = states.get('nobody');
    store.release();
    expect(await asked).toBeNull();
    expect(states.peek('nobody')).toBeUndefined();
  });

  it('keeps no more than it may', async () => {
    const states = open(25);
    for (const id of ['a', 'b', 'c']) {
      const asked = states.get(id);
      store.release();
      await asked;
    }
    expect(['a', 'b', 'c'].filter((id) => states.peek(id))).toEqual(['b', 'c']);
  });
});
