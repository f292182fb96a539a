import { inspect } from 'node:util';

/**
 * A value that cannot be printed: JSON, string conversion and inspection all give `[redacted]`.
 * `expose()` is the only way in; a house test lists the files that may call it.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** Gives the value itself. Call it where the value is sealed or answered, nowhere else. */
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
