/** The source of time; handlers take it as an argument so that deciders and tests never read a global. */
export interface Clock {
  now(): Date;
  /**
   * Milliseconds since some beginning of this process's own. For durations within it: `now` is set forward and back by
   * whoever keeps the machine's time, this only runs.
   */
  monotonicMs(): number;
}

export const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
