/** The source of time; handlers take it as an argument so that deciders and tests never read a global. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
