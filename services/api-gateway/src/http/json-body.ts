import { isUtf8 } from 'node:buffer';
import { AppError } from '#libs/kernel';
import { isMisplacedCredential } from './misplaced-credential';

/**
 * A secret's value may be 10,000 characters, each 12 bytes when a client escapes it as a surrogate pair;
 * the rest of the largest valid body stays well below 100 KiB.
 */
export const BODY_BYTES_MAX = 256 * 1024;
const DEPTH_MAX = 16;
const KEYS_MAX = 1_000;

/**
 * Parses a JSON body; undefined for none, for many clients name a type where they send nothing. It does so after one
 * cheap walk over its text that bounds depth and number of keys and refuses what JSON.parse lets through: duplicate keys,
 * `__proto__`, a byte-order mark, bytes that are no UTF-8.
 * Fails with MALFORMED_JSON or MISPLACED_CREDENTIAL; never tells what it saw.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new AppError('MALFORMED_JSON');
  const text = body.toString('utf8');
  try {
    new JsonWalk(text).run();
    return JSON.parse(text);
  } catch (error) {
    // SyntaxError quotes its input, so it does not even travel as a cause.
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
          at = this.string(at);
          break;
        case 0x7b: // {
          this.push({ keys: new Set(), key: null });
          break;
        case 0x5b: // [
          this.push({ keys: null, key: null });
          break;
        case 0x7d: // }
        case 0x5d: // ]
          this.#open.pop();
          break;
        case 0x2c: // ,
          this.nextKey();
      }
    }
  }

  private push(container: Container): void {
    if (this.#open.push(container) > DEPTH_MAX) throw new AppError('MALFORMED_JSON');
  }

  private nextKey(): void {
    const container = this.#open.at(-1);
    if (container) container.key = null;
  }

  /** Gives the index of the closing quote. */
  private string(start: number): number {
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
    if (!this.isSecretValue() && isMisplacedCredential(content)) throw new AppError('MISPLACED_CREDENTIAL');
    const container = this.#open.at(-1);
    if (container?.keys && container.key === null) this.key(container, content);
    return end;
  }

  private key(container: Container, key: string): void {
    this.#keys += 1;
    if (this.#keys > KEYS_MAX || key === '__proto__' || container.keys?.has(key))
      throw new AppError('MALFORMED_JSON');
    container.keys?.add(key);
    container.key = key;
  }

  /** A key of ours may well be kept as the value of a secret; there it is sealed, not leaked. */
  private isSecretValue(): boolean {
    return this.#open.length === 2 && this.#open[0]?.key === 'secret' && this.#open[1]?.key === 'value';
  }
}
