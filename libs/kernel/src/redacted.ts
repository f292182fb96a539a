import { inspect } from 'node:util';

/**
 * A value that cannot be printed: JSON, string conversion and inspection all give `[redacted]`. `expose()` is the only
 * way to the value.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** Gives the value itself. test/house/exposed-values.spec.ts lists the files that may call it. */
  expose(): T {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}
