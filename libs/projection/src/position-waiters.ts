import { AppError, comparePositions, withDeadline, type Position } from '#libs/kernel';

interface Waiter {
  readonly position: Position;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/**
 * At most this many calls wait at once; one more is told to try again. Each is one of the 4,096 messages that its
 * service handles at once (libs/transport), and half of those are left for messages that do not wait.
 */
const WAITERS_MAX = 2_048;

/** The callers that wait until a projection has reached a position. */
export class PositionWaiters {
  readonly #waiters = new Set<Waiter>();
  #wake: () => void = () => undefined;

  /** Resolves when `reached` gets this or a later position. Fails with CONSISTENCY_TIMEOUT. */
  async wait(position: Position, timeoutMs: number): Promise<void> {
    if (this.#waiters.size >= WAITERS_MAX) throw late();
    let leave: () => void = () => undefined;
    const reached = new Promise<void>((resolve, reject) => {
      const waiter = { position, resolve, reject };
      this.#waiters.add(waiter);
      leave = () => this.#waiters.delete(waiter);
    });
    this.#wake();
    await withDeadline(reached, timeoutMs, 'CONSISTENCY_TIMEOUT').finally(leave);
  }

  /**
   * Refuses callers that wait for a position behind the head of the log, because no write has answered such a position.
   * Callers that come while the head is being read are left alone, because their positions may be newer.
   */
  async refuseInvented(readHead: () => Promise<Position | null>): Promise<void> {
    const present = [...this.#waiters];
    if (present.length === 0) return;
    const head = await readHead();
    for (const waiter of present) {
      if (comparePositions(waiter.position, head) <= 0) continue;
      this.#waiters.delete(waiter);
      waiter.reject(late());
    }
  }

  /** Resolves as soon as a caller waits, at the latest after `timeoutMs`. For one caller at a time. */
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

  /** The lowest position that a caller waits for; null when nobody waits. */
  get next(): Position | null {
    let first: Position | null = null;
    for (const { position } of this.#waiters)
      if (first === null || comparePositions(position, first) < 0) first = position;
    return first;
  }

  reached(position: Position): void {
    for (const waiter of this.#waiters) {
      if (comparePositions(waiter.position, position) > 0) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

function late(): AppError {
  return new AppError('CONSISTENCY_TIMEOUT');
}
