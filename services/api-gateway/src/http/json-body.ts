import { isUtf8 } from 'node:buffer';
import { AppError } from '#libs/kernel';
import { isMisplacedCredential } from './misplaced-credential';

/**
 * A secret's value may have 10,000 characters, and a character takes 12 bytes when a client escapes it as a surrogate
 * pair. The rest of the largest valid body stays well below 100 KiB.
 */
export const BODY_BYTES_MAX = 256 * 1024;
const DEPTH_MAX = 16;
const KEYS_MAX = 1_000;

/**
 * Parses a JSON body. Gives undefined for an empty one, because many clients name a type when they send nothing. One
 * cheap walk over the text comes first. It bounds the depth and the number of keys, and refuses duplicate keys and
 * `__proto__`, which JSON.parse accepts. A byte-order mark and bytes that are not UTF-8 are refused too. Fails with
 * MALFORMED_JSON or MISPLACED_CREDENTIAL, and never says what was sent.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new AppError('MALFORMED_JSON');
  const text = body.toString('utf8');
  try {
    new JsonWalk(text).run();
    return JSON.parse(text);
  } catch (error) {
    // A SyntaxError quotes its input, so it must not travel even as a cause.
    throw error instanceof AppError ? error : new AppError('MALFORMED_JSON');
  }
}

interface Container {
  /** Keys seen so far; null in an array. */
  readonly keys: Set<string> | null;
  /** The key whose value is being read; null while a key is expected. */
  key: string | null;
}

class JsonWalk {
  readonly #open: Container[] = [];
  #keys = 0;

  constructor(private readonly text: string) {}

  run(): void {
    for (let at = 0; at < this.text.length; at += 1) {
      switch (this.text.charCodeAt(at)) {
        case 0x22: // "
          at = this.#string(at);
          break;
        case 0x7b: // {
          this.#push({ keys: new Set(), key: null });
          break;
        case 0x5b: // [
          this.#push({ keys: null, key: null });
          break;
        case 0x7d: // }
        case 0x5d: // ]
          this.#open.pop();
          break;
        case 0x2c: // ,
          this.#nextKey();
      }
    }
  }

  #push(container: Container): void {
    if (this.#open.push(container) > DEPTH_MAX) throw new AppError('MALFORMED_JSON');
  }

  #nextKey(): void {
    const container = this.#open.at(-1);
    if (container) container.key = null;
  }

  /** Reads a string and gives the index of its closing quote. */
  #string(start: number): number {
    let end = start + 1;
    let escaped = false;
    for (; this.text.charCodeAt(end) !== 0x22; end += 1) {
      if (end >= this.text.length) throw new AppError('MALFORMED_JSON');
      if (this.text.charCodeAt(end) !== 0x5c) continue;
      escaped = true;
      end += 1;
    }
    const raw = this.text.slice(start, end + 1);
    const content = escaped ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    if (!this.#isSecretValue() && isMisplacedCredential(content)) throw new AppError('MISPLACED_CREDENTIAL');
    const container = this.#open.at(-1);
    if (container?.keys && container.key === null) this.#key(container, content);
    return end;
  }

  #key(container: Container, key: string): void {
    this.#keys += 1;
    if (this.#keys > KEYS_MAX || key === '__proto__' || container.keys?.has(key))
      throw new AppError('MALFORMED_JSON');
    container.keys?.add(key);
    container.key = key;
  }

  /** True inside the value of a secret. A user may keep an API key there, because it is sealed. */
  #isSecretValue(): boolean {
    return this.#open.length === 2 && this.#open[0]?.key === 'secret' && this.#open[1]?.key === 'value';
  }
}
