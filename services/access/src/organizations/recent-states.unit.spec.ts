import { RecentStates } from './recent-states';

interface State {
  readonly value: number;
}

/** A store whose readings end when told to. */
class Store {
  value = 1;
  readings = 0;
  readonly #waiting: (() => void)[] = [];

  /** Gives what was true when the reading began. */
  read = async (id: string): Promise<State | null> => {
    this.readings += 1;
    const seen = id === 'nobody' ? null : { value: this.value };
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return seen;
  };

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

describe('RecentStates', () => {
  let store: Store;
  const open = (freshMs: number, weightMax = 100) =>
    new RecentStates<State>({ read: store.read, freshMs, weigh: () => 9, weightMax });

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
