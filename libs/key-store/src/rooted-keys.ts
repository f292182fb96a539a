import { newKey } from '#libs/crypto';
import { AppError, type Clock } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import { countRowsUnder, unwrapUnderRoot, wrapUnderRoot, type RootKeys } from './root-keys';

/** What a key is asked for as. A row that was swapped for another does not unwrap so. */
export type RootedPlace = Pick<WrappedKey, 'purpose' | 'id' | 'orgId' | 'generation'>;

/** The keys that rest on the root key: those of the installation and those of organizations. */
export class RootedKeys {
  // Private to the engine, not only to the compiler: no logger that prints a keyring prints a key.
  readonly #roots: RootKeys;

  constructor(
    private readonly keys: KeyStore,
    roots: RootKeys,
    private readonly clock: Clock,
  ) {
    this.#roots = roots;
  }

  /** Null when there is no such key. Fails with INTEGRITY_ERROR when there is one that does not unwrap. */
  async find(place: Omit<RootedPlace, 'generation'>): Promise<Buffer | null> {
    const row = await this.keys.get(place.id);
    return row && unwrapUnderRoot({ ...row, ...place }, this.#roots);
  }

  /** Of many who make one at the same time, all get the same. */
  async findOrMake(place: RootedPlace): Promise<Buffer> {
    const row = (await this.keys.get(place.id)) ?? (await this.#make(place));
    return unwrapUnderRoot({ ...row, ...place }, this.#roots);
  }

  /** Keys that a rotation of the root key had to leave on the previous one because they are damaged. */
  async countDamaged(): Promise<number> {
    return this.#roots.previous ? countRowsUnder(this.keys, this.#roots.previous.fingerprint) : 0;
  }

  async #make(place: RootedPlace): Promise<WrappedKey> {
    const state = await this.keys.rootKeyState();
    // Another process has rotated the root key: a key made under the old one would be lost together with it.
    if (state?.current !== this.#roots.current.fingerprint) throw new AppError('STORE_UNAVAILABLE');
    const binding = { ...place, secretId: '' };
    const createdAt = this.clock.now().toISOString();
    const row = { ...binding, createdAt, ...wrapUnderRoot(newKey(), this.#roots, binding) };
    const made = (await this.keys.insert(row)) ? row : await this.keys.get(place.id);
    if (!made) throw new AppError('STORE_UNAVAILABLE');
    return made;
  }
}
