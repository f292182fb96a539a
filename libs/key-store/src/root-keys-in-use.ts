import { rootKeyFingerprint } from '#libs/crypto';
import { AppError } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import { unwrapUnderRoot, type RootKeys } from './root-keys';

/** Gives the root key as its file, or the environment, has it now. */
export type ReadRootKey = () => Promise<Uint8Array>;

/** However many rows are asked for: the file and the store are looked at so often at most. */
const LOOK_MS_MIN = 1_000;

/**
 * The root keys of a running process. Another process may rotate the root key meanwhile: rows then rest on a key that
 * this one was not started with. It is taken from where this process got its own, once the key store names it as the
 * current one; nothing else is ever taken.
 */
export class RootKeysInUse {
  // Private to the engine, not only to the compiler: no logger that prints a keyring prints a key.
  #roots: RootKeys;
  /** Fingerprint of the root key in use, when it is not at hand here. */
  #newer: string | null = null;
  #looking: Promise<void> = Promise.resolve();
  #lookedAt = -Infinity;

  constructor(
    private readonly keys: Pick<KeyStore, 'rootKeyState'>,
    roots: RootKeys,
    private readonly read: ReadRootKey | undefined,
  ) {
    this.#roots = roots;
  }

  /**
   * Unwraps a row that rests on a root key. STORE_UNAVAILABLE when that is the one in use, but not at hand here;
   * INTEGRITY_ERROR when it is unknown, or does not open the row.
   */
  async unwrap(row: WrappedKey): Promise<Buffer> {
    const { current, previous } = this.#roots;
    if (row.parent !== current.fingerprint && row.parent !== previous?.fingerprint) await this.#look();
    if (row.parent === this.#newer) throw new AppError('STORE_UNAVAILABLE');
    return unwrapUnderRoot(row, this.#roots);
  }

  /** For wrapping what is new. STORE_UNAVAILABLE when the store is on another: a key made under an old one would be lost with it. */
  async forNew(): Promise<RootKeys> {
    if (await this.#areCurrent()) return this.#roots;
    await this.#look();
    if (await this.#areCurrent()) return this.#roots;
    throw new AppError('STORE_UNAVAILABLE');
  }

  async #areCurrent(): Promise<boolean> {
    return (await this.keys.rootKeyState())?.current === this.#roots.current.fingerprint;
  }

  #look(): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_MS_MIN) {
      this.#lookedAt = now;
      this.#looking = this.#takeOver();
    }
    return this.#looking;
  }

  async #takeOver(): Promise<void> {
    const state = await this.keys.rootKeyState();
    const { current } = this.#roots;
    const inUse = state?.current ?? current.fingerprint;
    const isBehind = inUse !== current.fingerprint;
    // A file that is being replaced may be missing or half written.
    const key = isBehind ? await this.read?.().catch(() => undefined) : undefined;
    if (key && rootKeyFingerprint(key) === inUse) {
      this.#roots = { current: { fingerprint: inUse, key }, previous: current };
    }
    this.#newer = inUse === this.#roots.current.fingerprint ? null : inUse;
  }
}
