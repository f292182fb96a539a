/** The source of time. Handlers take it as an argument, so that deciders and tests read no global. */
export interface Clock {
  now(): Date;
  /**
   * Milliseconds since some moment in the life of this process. Use it for durations: an adjustment of the machine's
   * clock moves `now`, and does not move this.
   */
  monotonicMs(): number;
}

export const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
