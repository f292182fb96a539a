import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError } from '#libs/kernel';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import type { SecretsCommandConfig } from '../config';
import { CONFIG, READ_STORE, SECRET_INVENTORY } from '../tokens';

/** A creation that is not counted by then is let go: the projection has a problem of its own. */
const COUNTED_MS_MAX = 10_000;

/** Bounds the number of secrets in an organization. */
@Injectable()
export class SecretQuota {
  /** Creations by organization that the inventory does not show yet. */
  readonly #underWay = new Map<string, Set<Promise<void>>>();

  constructor(
    @Inject(SECRET_INVENTORY) private readonly inventory: RunningProjection,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(CONFIG) private readonly config: SecretsCommandConfig,
  ) {}

  /**
   * Runs a creation if there is room for it. One that the count does not show yet is counted as well, and
   * waited for before anybody is refused because of it. Several processes may pass the limit by what is
   * under way in each. When the read store is away the quota yields, not the write. Fails with QUOTA_EXCEEDED.
   */
  async during<T extends { readonly position: string }>(orgId: string, create: () => Promise<T>): Promise<T> {
    const underWay = await this.room(orgId);
    const creation = create();
    const counted = creation.then(({ position }) =>
      this.inventory.waitFor(position, COUNTED_MS_MAX, { patient: true }),
    );
    const settled: Promise<void> = counted
      .catch(() => undefined)
      .finally(() => {
        underWay.delete(settled);
        if (underWay.size === 0) this.#underWay.delete(orgId);
      });
    underWay.add(settled);
    this.#underWay.set(orgId, underWay);
    return creation;
  }

  /** Waits until it is certain that there is room; gives the organization's creations under way. */
  private async room(orgId: string): Promise<Set<Promise<void>>> {
    const max = this.config.secretsPerOrganizationMax;
    for (;;) {
      const counted = await this.countLive(orgId);
      const underWay = this.#underWay.get(orgId) ?? new Set();
      if (counted + underWay.size < max) return underWay;
      if (underWay.size === 0) {
        const safeMessage = `This organization holds ${max} secrets, as many as it may; delete some or ask the operator for more`;
        throw new AppError('QUOTA_EXCEEDED', { safeMessage });
      }
      await Promise.race(underWay);
    }
  }

  private async countLive(orgId: string): Promise<number> {
    try {
      return await this.reads.count('inventory_v1', { where: { orgId, status: 'live' } });
    } catch (error) {
      if (isAppError(error, 'STORE_UNAVAILABLE')) return 0;
      throw error;
    }
  }
}
