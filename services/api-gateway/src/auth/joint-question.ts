import { isAppError } from '#libs/kernel';

/**
 * Asks once for all who want to know the same before anything else can happen in this process: no request that came
 * later, and so none that was sent after somebody heard of a change, gets an answer from before it.
 */
export class JointQuestion<T> {
  /** What was asked since the event loop last went on. */
  readonly #asked = new Map<string, Promise<T>>();

  /** Settles like `ask`. A refusal is for one alone, and recorded as such: whoever shares it asks for itself. */
  async of(about: string, ask: () => Promise<T>): Promise<T> {
    const asked = this.#asked.get(about);
    if (!asked) return this.#first(about, ask);
    try {
      return await asked;
    } catch (error) {
      if (!isAppError(error) || error.kind === 'unavailable') throw error;
      return ask();
    }
  }

  #first(about: string, ask: () => Promise<T>): Promise<T> {
    const asking = ask();
    this.#asked.set(about, asking);
    // Runs when nothing is left to do but to look what has arrived.
    process.nextTick(() => this.#asked.delete(about));
    return asking;
  }
}
