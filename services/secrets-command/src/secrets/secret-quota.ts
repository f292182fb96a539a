import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { EventStore } from '#libs/event-store';
import { AppError, entriesAtMost, isAppError } from '#libs/kernel';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import type { SecretsCommandConfig } from '../config';
import { CONFIG, EVENT_STORE, READ_STORE, SECRET_INVENTORY } from '../tokens';
import { INVENTORY } from './secret-inventory.projection';

/** A count is used for this long. Then it is made anew, because other processes create secrets as well. */
const COUNT_MS = 1_000;
/** How long to wait for the projection. One that is further behind has a problem of its own. */
const BEHIND_MS_MAX = 1_000;
const ORGANIZATIONS_MAX = 10_000;

/** Bounds the number of secrets in an organization. */
@Injectable()
export class SecretQuota {
  readonly #rooms = new LRUCache<string, Room>(entriesAtMost(ORGANIZATIONS_MAX));

  constructor(
    @Inject(SECRET_INVENTORY) private readonly inventory: RunningProjection,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(CONFIG) private readonly config: SecretsCommandConfig,
  ) {}

  /**
   * Runs a creation if there is room for it. Several processes may exceed the limit by what each creates within a
   * second. When a store is away, the creation runs unchecked. Fails with QUOTA_EXCEEDED.
   */
  async during<T>(orgId: string, create: () => Promise<T>): Promise<T> {
    let room = this.#rooms.get(orgId);
    if (!room) {
      room = new Room(this.config.secretsPerOrganizationMax, () => this.#count(orgId));
      this.#rooms.set(orgId, room);
    }
    return room.during(create);
  }

  /** The number of secrets at this moment; 0 when a store is away. */
  async #count(orgId: string): Promise<number> {
    try {
      const head = await this.events.head();
      if (head !== null) await this.inventory.waitFor(head, BEHIND_MS_MAX);
      return await this.reads.count(INVENTORY, { where: { orgId, status: 'live' } });
    } catch (error) {
      if (isAppError(error, 'STORE_UNAVAILABLE') || isAppError(error, 'CONSISTENCY_TIMEOUT')) return 0;
      throw error;
    }
  }
}

/** One organization has at most the secrets counted last, those under way then, and those begun since. */
class Room {
  readonly #underWay = new Set<Promise<unknown>>();
  #atMost = 0;
  #countedAt = -Infinity;
  #counting: Promise<void> | null = null;

  constructor(
    private readonly max: number,
    private readonly count: () => Promise<number>,
  ) {}

  async during<T>(create: () => Promise<T>): Promise<T> {
    while (this.#atMost >= this.max || performance.now() - this.#countedAt > COUNT_MS) {
      this.#counting ??= this.#recount().finally(() => (this.#counting = null));
      await this.#counting;
    }
    this.#atMost += 1;
    const creation = create();
    const ended = creation.catch(() => undefined).finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
    return creation;
  }

  /** No creation begins meanwhile, because what made the count necessary holds until it is done. */
  async #recount(): Promise<void> {
    const underWay = [...this.#underWay];
    const counted = await this.count();
    if (counted >= this.max) {
      const safeMessage = `This organization holds ${this.max} secrets, as many as it may; delete some or ask the operator for more`;
      throw new AppError('QUOTA_EXCEEDED', { safeMessage });
    }
    this.#atMost = counted + underWay.length;
    this.#countedAt = performance.now();
    // A creation under way may fail, so it must not cause a refusal.
    if (this.#atMost >= this.max) await Promise.race(underWay);
  }
}
