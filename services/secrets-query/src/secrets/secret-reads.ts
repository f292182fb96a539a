import { Inject, Injectable } from '@nestjs/common';
import { isAppError } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import { READ_STORE } from '../tokens';
import { SECRETS } from './secret-list.projection';

/** When secrets were last read, as far as the projection knows: information, never a decision. */
@Injectable()
export class SecretReads {
  constructor(@Inject(READ_STORE) private readonly reads: ReadStore) {}

  /** Null when never read, or when the read store is away: metadata does not fail for it. */
  async lastReadAt(orgId: string, secretId: string): Promise<string | null> {
    try {
      const row = await this.reads.get(SECRETS, secretId);
      return row?.['orgId'] === orgId && typeof row['lastReadAt'] === 'string' ? row['lastReadAt'] : null;
    } catch (error) {
      if (isAppError(error, 'STORE_UNAVAILABLE')) return null;
      throw error;
    }
  }
}
