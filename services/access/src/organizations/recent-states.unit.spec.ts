import { AppError } from '#libs/kernel';
import { RecentStates } from './recent-states';

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
  let store: Store;
  const open = (freshMs: number, weightMax = 100) =>
    new RecentStates<State>({ read: store.read, freshMs, staleMs: STALE_MS, weigh: () => 9, weightMax });

  beforeEach(() => (store = new Store()));

  it('reads once for all who ask at the same time, and not again while it believes it', async () => {
    const states = open(60_000);
    const asked = [states.get('a'), states.get('a')];
    expect(states.peek('a')).toBeUndefined();
    store.release();
    expect(await Promise.all(asked)).toEqual([{ value: 1 }, { value: 1 }]);
    expect(states.peek('a')).toEqual({ value: 1 });
    expect(await states.get('a')).toEqual({ value: 1 });
    expect(store.readings).toBe(1);
  });

  it('reads again when the time is over', async () => {
    const states = open(-1);
    for (let time = 1; time <= 2; time += 1) {
      const asked = states.get('a');
      store.release();
      await asked;
      expect(store.readings).toBe(time);
      expect(states.peek('a')).toBeUndefined();
    }
  });

  it('gives nobody who asks after a change what was read before it', async () => {
    const states = open(60_000);
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
    const states = open(-1);
    const ask = async () => {
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
    const states = new RecentStates<State>({
      read: store.read,
      freshMs: -1,
      staleMs: -1,
      weigh: () => 9,
      weightMax: 100,
    });
    const known = states.get('a');
    store.release();
    await known;
    store.failure = new AppError('STORE_UNAVAILABLE');
    for (const id of ['a', 'b']) {
      const asked = states.get(id);
      store.release();
      await expect(asked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    }
  });

  it('keeps nothing that a change has overtaken', async () => {
    const states = open(60_000);
    const before = states.get('a');
    states.changed('a');
    store.release();
    await before;
    expect(states.peek('a')).toBeUndefined();
  });

  it('keeps nothing of what is not there', async () => {
    const states = open(60_000);
    const asked = states.get('nobody');
    store.release();
    expect(await asked).toBeNull();
    expect(states.peek('nobody')).toBeUndefined();
  });

  it('keeps no more than it may', async () => {
    const states = open(60_000, 25);
    for (const id of ['a', 'b', 'c']) {
      const asked = states.get(id);
      store.release();
      await asked;
    }
    expect(['a', 'b', 'c'].filter((id) => states.peek(id))).toEqual(['b', 'c']);
  });
});
