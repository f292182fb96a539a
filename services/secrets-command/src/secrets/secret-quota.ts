import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import type { SecretsCommandConfig } from '../config';
import { CONFIG, READ_STORE } from '../tokens';

/** Bounds the number of secrets in an organization. */
@Injectable()
export class SecretQuota {
  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(CONFIG) private readonly config: SecretsCommandConfig,
  ) {}

  /**
   * Fails with QUOTA_EXCEEDED. The count follows the log by a moment, so creations racing at the limit
   * may pass it by a few; and when the read store is away the quota yields, not the write.
   */
  async check(orgId: string): Promise<void> {
    const count = await this.countLive(orgId);
    const max = this.config.secretsPerOrganizationMax;
    if (count < max) return;
    const safeMessage = `This organization holds ${max} secrets, as many as it may; delete some or ask the operator for more`;
    throw new AppError('QUOTA_EXCEEDED', { safeMessage });
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
