import type { Batch, RecordedEvent } from './event-store';
import { readAhead } from './read-ahead';

function batch(position: number, count = 1, caughtUp = true): Batch {
  const event = { position: String(position) } as RecordedEvent;
  return { events: Array.from({ length: count }, () => event), position: String(position), caughtUp };
}

/** A subscription that gives what it is told, when it is told. */
class Told implements AsyncIterable<Batch> {
  readonly #batches: Batch[] = [];
  #end: { error?: Error } | undefined;
  #wake: () => void = () => undefined;

  give(...batches: Batch[]): void {
    this.#batches.push(...batches);
    this.#wake();
  }

  end(error?: Error): void {
    this.#end = error ? { error } : {};
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    for (;;) {
      const next = this.#batches.shift();
      if (next) yield next;
      else if (this.#end?.error) throw this.#end.error;
      else if (this.#end) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function follow() {
  const told = new Told();
  const arrived: string[] = [];
  const halts: boolean[] = [];
  const ahead = readAhead(told, {
    arrived: ({ position }) => arrived.push(position),
    halted: (isHalted) => halts.push(isHalted),
  });
  return { told, arrived, halts, ahead };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('readAhead', () => {
  it('tells of batches as they come, and gives a busy consumer all of them in one', async () => {
    const { told, arrived, ahead } = follow();
    told.give(batch(1));
    expect((await ahead.next()).value).toMatchObject({ position: '1', caughtUp: true });
    told.give(batch(2, 1, false), batch(3));
    await turn();
    expect(arrived).toEqual(['1', '2', '3']);
    const { value } = (await ahead.next()) as { value: Batch };
    expect(value).toMatchObject({ position: '3', caughtUp: true });
    expect(value.events.map(({ position }) => position)).toEqual(['2', '3']);
  });

  it('halts when much waits, and goes on when it is taken', async () => {
    const { told, arrived, halts, ahead } = follow();
    told.give(batch(1));
    await ahead.next();
    told.give(batch(2, 2_000), batch(3));
    await turn();
    expect(arrived).toEqual(['1', '2']);
    expect(halts).toEqual([true]);
    expect(((await ahead.next()) as { value: Batch }).value.position).toBe('2');
    expect(((await ahead.next()) as { value: Batch }).value.position).toBe('3');
    expect(halts).toEqual([true, false]);
  });

  it('gives what came before the end, and then ends like the subscription', async () => {
    const { told, ahead } = follow();
    told.give(batch(1));
    told.end(new Error('broken'));
    expect(((await ahead.next()) as { value: Batch }).value.position).toBe('1');
    await expect(ahead.next()).rejects.toThrow('broken');

    const other = follow();
    other.told.end();
    expect((await other.ahead.next()).done).toBe(true);
  });
});
