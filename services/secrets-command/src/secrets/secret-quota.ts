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
  readonly #underWay = new Map<string, number>();

  constructor(
    @Inject(SECRET_INVENTORY) private readonly inventory: RunningProjection,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(CONFIG) private readonly config: SecretsCommandConfig,
  ) {}

  /**
   * Runs a creation if there is room for it. Creations that the count does not show yet are counted as well,
   * so that a burst in one process stops at the limit; several processes may pass it by what is under way
   * in each. When the read store is away the quota yields, not the write. Fails with QUOTA_EXCEEDED.
   */
  async during<T extends { readonly position: string }>(orgId: string, create: () => Promise<T>): Promise<T> {
    const max = this.config.secretsPerOrganizationMax;
    const counted = await this.countLive(orgId);
    const underWay = this.#underWay.get(orgId) ?? 0;
    if (counted + underWay >= max) {
      const safeMessage = `This organization holds ${max} secrets, as many as it may; delete some or ask the operator for more`;
      throw new AppError('QUOTA_EXCEEDED', { safeMessage });
    }
    this.#underWay.set(orgId, underWay + 1);
    try {
      const created = await create();
      void this.inventory.waitFor(created.position, COUNTED_MS_MAX).then(
        () => this.release(orgId),
        () => this.release(orgId),
      );
      return created;
    } catch (error) {
      this.release(orgId);
      throw error;
    }
  }

  private release(orgId: string): void {
    const underWay = (this.#underWay.get(orgId) ?? 1) - 1;
    if (underWay === 0) this.#underWay.delete(orgId);
    else this.#underWay.set(orgId, underWay);
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
