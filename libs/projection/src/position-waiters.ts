import { comparePositions, type Position } from '#libs/event-store';
import { AppError } from '#libs/kernel';

interface Waiter {
  readonly position: Position;
  resolve(): void;
}

/** Lists that wait at once; one more is told to try again. */
const WAITERS_MAX = 10_000;

/** Those who wait until a projection has reached a position. */
export class PositionWaiters {
  readonly #waiters = new Set<Waiter>();
  #wake: () => void = () => undefined;

  /** Resolves when `reached` is told of the position or a later one. Fails with CONSISTENCY_TIMEOUT. */
  async wait(position: Position, timeoutMs: number): Promise<void> {
    if (this.#waiters.size >= WAITERS_MAX) throw late();
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        done();
      };
      const waiter: Waiter = { position, resolve: () => settle(resolve) };
      const timer = setTimeout(() => settle(() => reject(late())), timeoutMs);
      this.#waiters.add(waiter);
      this.#wake();
    });
  }

  /** Resolves as soon as somebody is kept waiting, at the latest after `timeoutMs`. For one caller at a time. */
  async untilWanted(timeoutMs: number): Promise<void> {
    if (!this.isEmpty) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  /** The first position that somebody waits for; null when nobody does. */
  get next(): Position | null {
    let first: Position | null = null;
    for (const { position } of this.#waiters)
      if (first === null || comparePositions(position, first) < 0) first = position;
    return first;
  }

  reached(position: Position | null): void {
    for (const waiter of this.#waiters)
      if (comparePositions(waiter.position, position) <= 0) waiter.resolve();
  }
}

function late(): AppError {
  return new AppError('CONSISTENCY_TIMEOUT', { retryAfterSeconds: 1 });
}
