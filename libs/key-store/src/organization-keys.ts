import { LRUCache } from 'lru-cache';
import { AppError, entriesAtMost, type Clock } from '#libs/kernel';
import type { RootedKeys } from './rooted-keys';

const ORGANIZATION_KEYS_MAX = 20_000;
/** For how long a process may go on using an organization key that was replaced or destroyed in the store. */
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
 * The keys of organizations, in generations without a gap. The last generation wraps new data keys. Earlier ones stay
 * in the store, because a process that does not yet know of the last one may still wrap data keys under them (ADR 5).
 */
export class OrganizationKeys {
  // Private at run time (`#`), not only in TypeScript: a logger that prints this object cannot print a key.
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

  /** The key that wraps new data keys, if it is in memory. */
  knownCurrent(orgId: string): OrganizationKey | undefined {
    return this.#current.get(orgId);
  }

  /** Reads a key that must exist, and never makes one. Fails with INTEGRITY_ERROR when it is missing: it was lost. */
  async find(orgId: string, id: string): Promise<Buffer> {
    // Bound to the ids that were asked for, not to those in the row: a row of another organization does not unwrap.
    const key = await this.rooted.find({ purpose: 'organization', id, orgId });
    if (!key) throw new AppError('INTEGRITY_ERROR');
    this.#byId.set(id, key);
    return key;
  }

  /** Reads from the store which generation is the last one. Makes the first generation of a new organization. */
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

  /** Makes this generation wrap new data keys: at once in this process, in others when they ask the store again. */
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
