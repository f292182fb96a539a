import { intercepted } from './intercepted';

/** Runs commands step by step in a random order: one takes a step while all others wait. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #paused: () => void = () => undefined;

  begin(command: () => Promise<unknown>): void {
    this.#running += 1;
    const ended = () => this.#pause();
    command().then(ended, ended);
  }

  /** Gives the object with these methods changed: each call first waits for its turn. */
  before<T extends object>(target: T, ...steps: readonly (keyof T)[]): T {
    const changes: Partial<T> = {};
    for (const step of steps) {
      const call = target[step] as (...given: unknown[]) => Promise<unknown>;
      const waiting = async (...given: unknown[]) => {
        await this.#turn();
        return call.apply(target, given);
      };
      changes[step] = waiting as T[typeof step];
    }
    return intercepted(target, changes);
  }

  /** Lets one command after the other take a step, until none waits. At 4 % of the steps the command stops for good. */
  async run(random: () => number): Promise<void> {
    for (;;) {
      if (this.#running > 0) await new Promise<void>((resolve) => (this.#paused = resolve));
      const [next] = this.#waiting.splice(Math.floor(random() * this.#waiting.length), 1);
      if (!next) return;
      if (random() < 0.04) continue;
      this.#running += 1;
      next();
    }
  }

  async #turn(): Promise<void> {
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#pause();
    await turn;
  }

  #pause(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#paused();
  }
}
