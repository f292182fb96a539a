import { newKey } from '#libs/crypto';
import { AppError, type Clock } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import { wrapUnderRoot } from './root-keys';
import type { RootKeysInUse } from './root-keys-in-use';

/** What a key is asked for as. A row that was swapped for another does not unwrap so. */
export type RootedPlace = Pick<WrappedKey, 'purpose' | 'id' | 'orgId' | 'generation'>;

/** The keys that rest on the root key: those of the installation and those of organizations. */
export class RootedKeys {
  constructor(
    private readonly keys: KeyStore,
    private readonly roots: RootKeysInUse,
    private readonly clock: Clock,
  ) {}

  /** Null when there is no such key. Fails with INTEGRITY_ERROR when there is one that does not unwrap. */
  async find(place: Omit<RootedPlace, 'generation'>): Promise<Buffer | null> {
    const row = await this.keys.get(place.id);
    return row && this.roots.unwrap({ ...row, ...place });
  }

  /** For wrapping what is new: like `find`, and sure to rest on the root key in use. Fails like `findOrMake`. */
  async findForNew(place: RootedPlace): Promise<Buffer | null> {
    const row = await this.keys.get(place.id);
    return row && this.#settled(row, place);
  }

  /**
   * For wrapping what is new. Of many who make one at the same time, all get the same. STORE_UNAVAILABLE when the root
   * key in use is not at hand here.
   */
  async findOrMake(place: RootedPlace): Promise<Buffer> {
    return this.#settled((await this.keys.get(place.id)) ?? (await this.#make(place)), place);
  }

  /**
   * A rotation of the root key may come between the question which is in use and the row that was wrapped under it:
   * it misses the row, which nobody can open once the old root key is put away. Asked again when the row is there, the
   * answer holds: a rotation that begins later finds it.
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
