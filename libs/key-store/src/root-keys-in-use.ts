import { rootKeyFingerprint } from '#libs/crypto';
import { AppError } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import { unwrapUnderRoot, type RootKeys } from './root-keys';

/** Reads the root key from its file or the environment, as it is now. */
export type ReadRootKey = () => Promise<Uint8Array>;

/** The root key's file and the store are read at most once within this time, however many rows are unwrapped. */
const LOOK_MS_MIN = 1_000;

/**
 * The root keys of a running process. Another process may rotate the root key, and rows are then under a key with which
 * this one was not started. This process reads that key from where it read its own, and accepts it only if the key
 * store names it as the current one.
 */
export class RootKeysInUse {
  // Private at run time (`#`), not only in TypeScript: a logger that prints this object cannot print a key.
  #roots: RootKeys;
  /** Fingerprint of the root key in use, when this process does not have that key. */
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
   * Unwraps a row that a root key wraps. Fails with STORE_UNAVAILABLE when that is the key in use and this process does
   * not have it, and with INTEGRITY_ERROR when the key is unknown or does not open the row.
   */
  async unwrap(row: WrappedKey): Promise<Buffer> {
    const { current, previous } = this.#roots;
    if (row.parent !== current.fingerprint && row.parent !== previous?.fingerprint) await this.#look();
    if (row.parent === this.#newer) throw new AppError('STORE_UNAVAILABLE');
    return unwrapUnderRoot(row, this.#roots);
  }

  /**
   * Gives the root keys for wrapping a new key. Fails with STORE_UNAVAILABLE when this process does not have the one in
   * use: a key wrapped under an old one would be lost with it.
   */
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
    // The file may be missing or half written while it is being replaced.
    const key = isBehind ? await this.read?.().catch(() => undefined) : undefined;
    if (key && rootKeyFingerprint(key) === inUse) {
      this.#roots = { current: { fingerprint: inUse, key }, previous: current };
    }
    this.#newer = inUse === this.#roots.current.fingerprint ? null : inUse;
  }
}
