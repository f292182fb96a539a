import { newKey } from '#libs/crypto';
import { AppError, type Clock } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import { wrapUnderRoot } from './root-keys';
import type { RootKeysInUse } from './root-keys-in-use';

/** The binding under which a key is asked for. A row that was swapped for another does not unwrap. */
export type RootedPlace = Pick<WrappedKey, 'purpose' | 'id' | 'orgId' | 'generation'>;

/** The keys that the root key wraps: those of the installation and those of organizations. */
export class RootedKeys {
  constructor(
    private readonly keys: KeyStore,
    private readonly roots: RootKeysInUse,
    private readonly clock: Clock,
  ) {}

  /** Gives null when there is no such key. Fails with INTEGRITY_ERROR when there is one that does not unwrap. */
  async find(place: Omit<RootedPlace, 'generation'>): Promise<Buffer | null> {
    const row = await this.keys.get(place.id);
    return row && this.roots.unwrap({ ...row, ...place });
  }

  /** Like `find`, for new use: the root key in use wraps the row when this resolves. Fails like `findOrMake`. */
  async findForNew(place: RootedPlace): Promise<Buffer | null> {
    const row = await this.keys.get(place.id);
    return row && this.#settled(row, place);
  }

  /**
   * Finds or makes a key for new use. All concurrent callers get the same key. Fails with STORE_UNAVAILABLE when this
   * process does not have the root key in use.
   */
  async findOrMake(place: RootedPlace): Promise<Buffer> {
    return this.#settled((await this.keys.get(place.id)) ?? (await this.#make(place)), place);
  }

  /**
   * Unwraps a row, and wraps it again until it is under the root key in use. A rotation of the root key can begin and
   * end between the reading of that key and the insertion of the row. It misses the row, which nobody could open
   * without the old root key. So the key in use is read once more when the row is there: a rotation that begins later
   * finds the row (ADR 5).
   */
  async #settled(row: WrappedKey, place: RootedPlace): Promise<Buffer> {
    const key = await this.roots.unwrap({ ...row, ...place });
    for (let { parent } = row; ;) {
      const roots = await this.roots.forNew();
      if (parent === roots.current.fingerprint) return key;
      const rewrapped = wrapUnderRoot(key, roots, { ...place, secretId: '' });
      await this.keys.rewrap([{ id: place.id, ...rewrapped }]);
      ({ parent } = rewrapped);
    }
  }

  async #make(place: RootedPlace): Promise<WrappedKey> {
    const roots = await this.roots.forNew();
    const binding = { ...place, secretId: '' };
    const createdAt = this.clock.now().toISOString();
    const row = { ...binding, createdAt, ...wrapUnderRoot(newKey(), roots, binding) };
    const made = (await this.keys.insert(row)) ? row : await this.keys.get(place.id);
    if (!made) throw new AppError('STORE_UNAVAILABLE');
    return made;
  }
}
