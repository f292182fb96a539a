/**
 * Runs work on the same thing one after the other, in the order of the calls, and work on different things in parallel.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(thing: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(thing) ?? Promise.resolve();
    const mine = before.then(work);
    const settled: Promise<void> = mine
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#last.get(thing) === settled) this.#last.delete(thing);
      });
    this.#last.set(thing, settled);
    return mine;
  }
}
