import { isAppError } from '#libs/kernel';

/**
 * Asks once for all requests that want to know the same in one turn of the event loop. A request that arrives later
 * asks again. So a request that was sent after somebody heard of a change never gets an answer from before the change.
 */
export class JointQuestion<T> {
  /** The questions that were asked in this turn of the event loop. */
  readonly #asked = new Map<string, Promise<T>>();

  /**
   * Settles like `ask`. A refusal is recorded for a single request, so a request that would share a refusal asks for
   * itself.
   */
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
    // This runs before the event loop looks for what has arrived.
    process.nextTick(() => this.#asked.delete(about));
    return asking;
  }
}
