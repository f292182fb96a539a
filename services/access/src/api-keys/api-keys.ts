import { Inject, Injectable } from '@nestjs/common';
import { entriesAtMost } from '#libs/kernel';
import { LRUCache } from 'lru-cache';
import type { EventStore } from '#libs/event-store';
import type { ApiKey } from '#libs/events';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { Organizations } from '../organizations/organizations';
import { API_KEY_INDEX, EVENT_STORE, READ_STORE } from '../tokens';
import { API_KEY_INDEX_COLLECTION } from './api-key-index.projection';

/** How long a start waits for the index. Even for a log that was never indexed this takes seconds. */
const CURRENT_MS_MAX = 60_000;
/**
 * How long a new key waits for the index. If the index is slower, it is faulty, and the key works once it has caught
 * up.
 */
const INDEXED_MS_MAX = 2_000;

export interface KnownKey {
  readonly orgId: string;
  readonly key: ApiKey;
}

/**
 * Finds keys by id, in the state of the organization's stream. The organization of a key never changes, so it is
 * remembered. The rights of a key are as fresh as the state of its organization.
 */
@Injectable()
export class ApiKeys {
  readonly #owners = new LRUCache<string, string>(entriesAtMost(20_000));

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(API_KEY_INDEX) private readonly index: RunningProjection,
    private readonly organizations: Organizations,
  ) {}

  /** Resolves once every key of the log is indexed. Before that, a valid key could be refused as unknown. */
  async whenCurrent(): Promise<void> {
    const head = await this.events.head();
    if (head !== null) await this.index.waitFor(head, CURRENT_MS_MAX);
  }

  /** Resolves once a key that was issued at this position can be found, or after two seconds without it. */
  async whenIndexed(position: string): Promise<void> {
    await this.index.waitFor(position, INDEXED_MS_MAX).catch(() => undefined);
  }

  /** Gives a key whose organization is fresh in memory; undefined otherwise, and then `find` must be asked. */
  peek(keyId: string): KnownKey | undefined {
    const orgId = this.#owners.get(keyId);
    const key = orgId === undefined ? undefined : this.organizations.peek(orgId)?.keys.get(keyId);
    return orgId !== undefined && key ? { orgId, key } : undefined;
  }

  async find(keyId: string): Promise<KnownKey | null> {
    const orgId = this.#owners.get(keyId) ?? (await this.#lookUp(keyId));
    if (orgId === null) return null;
    const { keys } = this.organizations.peek(orgId) ?? (await this.organizations.recent(orgId));
    const key = keys.get(keyId);
    return key ? { orgId, key } : null;
  }

  /**
   * Does the work that an unknown id costs. It is called before a known key is refused, so that the time of the answer
   * does not tell whether the id exists.
   */
  async pretendUnknown(keyId: string): Promise<void> {
    await this.#indexed(keyId);
  }

  async #lookUp(keyId: string): Promise<string | null> {
    const row = await this.#indexed(keyId);
    if (!row) return null;
    const orgId = String(row['orgId']);
    this.#owners.set(keyId, orgId);
    return orgId;
  }

  async #indexed(keyId: string) {
    return this.reads.get(API_KEY_INDEX_COLLECTION, keyId);
  }
}
