import { LRUCache } from 'lru-cache';
import { AppError, entriesAtMost, type Clock } from '#libs/kernel';
import type { RootedKeys } from './rooted-keys';

const ORGANIZATION_KEYS_MAX = 20_000;
/** How long a process can go on with an organization key that was replaced or destroyed in the store. */
export const ORGANIZATION_KEY_TTL_MS = 5 * 60_000;
const FIRST_GENERATION = 1;

/** A key that wraps the data keys of one organization. */
export interface OrganizationKey {
  /** `{orgId}.{generation}`. */
  readonly id: string;
  readonly generation: number;
  readonly key: Buffer;
}

/**
 * The keys of organizations, in generations without a gap. The last one there is wraps whatever is new; earlier
 * ones stay, since a process that was slow to learn of the last may have used one, or may be about to.
 */
export class OrganizationKeys {
  // Private to the engine, not only to the compiler: no logger that prints a keyring prints a key.
  readonly #byId: LRUCache<string, Buffer>;
  readonly #current: LRUCache<string, OrganizationKey>;

  constructor(
    private readonly rooted: RootedKeys,
    clock: Clock,
  ) {
    const bounds = {
      ...entriesAtMost(ORGANIZATION_KEYS_MAX),
      ttl: ORGANIZATION_KEY_TTL_MS,
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs() },
    };
    this.#byId = new LRUCache(bounds);
    this.#current = new LRUCache(bounds);
  }

  /** The key of this id, if it is in memory. */
  known(id: string): Buffer | undefined {
    return this.#byId.get(id);
  }

  /** The key that wraps what is new, if it is in memory. */
  knownCurrent(orgId: string): OrganizationKey | undefined {
    return this.#current.get(orgId);
  }

  /** Never makes one: a key that is missing when there is something to open is a loss, not a beginning. */
  async find(orgId: string, id: string): Promise<Buffer> {
    // What is asked for, not what the row says it is: a row of another organization does not unwrap so.
    const key = await this.rooted.find({ purpose: 'organization', id, orgId });
    if (!key) throw new AppError('INTEGRITY_ERROR');
    this.#byId.set(id, key);
    return key;
  }

  /** Asks the store which generation is the last one; an organization's first is made here. */
  async findCurrent(orgId: string): Promise<OrganizationKey> {
    let current = await this.#make(orgId, FIRST_GENERATION);
    for (;;) {
      const generation = current.generation + 1;
      const id = `${orgId}.${generation}`;
      const key = await this.rooted.findForNew({ purpose: 'organization', id, orgId, generation });
      if (!key) break;
      current = { id, generation, key };
    }
    this.#remember(orgId, current);
    return current;
  }

  /** From here on this generation wraps what is new: at once in this process, in others once they ask again. */
  async begin(orgId: string, generation: number): Promise<void> {
    this.#remember(orgId, await this.#make(orgId, generation));
  }

  async #make(orgId: string, generation: number): Promise<OrganizationKey> {
    const id = `${orgId}.${generation}`;
    const key = await this.rooted.findOrMake({ purpose: 'organization', id, orgId, generation });
    return { id, generation, key };
  }

  #remember(orgId: string, current: OrganizationKey): void {
    this.#byId.set(current.id, current.key);
    this.#current.set(orgId, current);
  }
}
