import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { FollowedLog, RecordedEvent } from '#libs/event-store';
import type { SecretRead } from '#libs/events';
import { entriesAtMost, isAppError } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import { FOLLOWED_LOG, READ_STORE } from '../tokens';
import { SECRETS } from './secret-list.projection';

const REMEMBERED_MAX = 20_000;

/** When secrets were last read, as far as this process knows. Nothing is decided by it. */
@Injectable()
export class SecretReads {
  /** Null means never. Kept current by the followed log, and empty where no log is followed. */
  readonly #remembered = new LRUCache<string, { readonly at: string | null }>(entriesAtMost(REMEMBERED_MAX));

  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(FOLLOWED_LOG) private readonly log: FollowedLog | undefined,
  ) {
    log?.listen({ began: () => this.#remembered.clear(), note: (event) => this.#note(event) });
  }

  /** Null when never read, or when the read store is away, because metadata must not fail for this. */
  async lastReadAt(orgId: string, secretId: string): Promise<string | null> {
    const place = `${orgId} ${secretId}`;
    const remembered = this.log?.isFollowing ? this.#remembered.get(place) : undefined;
    if (remembered) return remembered.at;
    try {
      const at = await this.#stored(orgId, secretId);
      return this.log?.isFollowing ? this.#remember(place, at) : at;
    } catch (error) {
      if (isAppError(error, 'STORE_UNAVAILABLE')) return null;
      throw error;
    }
  }

  async #stored(orgId: string, secretId: string): Promise<string | null> {
    const row = await this.reads.get(SECRETS, secretId);
    return row?.['orgId'] === orgId && typeof row['lastReadAt'] === 'string' ? row['lastReadAt'] : null;
  }

  #note({ type, data, metadata }: RecordedEvent): void {
    if (type !== 'SecretRead') return;
    const { secretId, readAt } = data as unknown as SecretRead['data'];
    this.#remember(`${metadata.orgId} ${secretId}`, readAt);
  }

  /** Remembers and gives the later of the known time and `at`. */
  #remember(place: string, at: string | null): string | null {
    const known = this.#remembered.get(place)?.at ?? null;
    const later = known !== null && (at === null || known > at) ? known : at;
    this.#remembered.set(place, { at: later });
    return later;
  }
}
