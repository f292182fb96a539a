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

/** The index of a log that was never indexed: seconds, not minutes. */
const CURRENT_MS_MAX = 60_000;
/** A new key: longer, and the index has a problem of its own; the key works once it is solved. */
const INDEXED_MS_MAX = 2_000;

export interface KnownKey {
  readonly orgId: string;
  readonly key: ApiKey;
}

/**
 * Keys by id, as the organization's stream knows them. Where a key belongs never changes and is remembered; what it
 * may do is as fresh as the organization itself.
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

  /** Resolves once every key of the log is known; until then a good key could be taken for an unknown one. */
  async whenCurrent(): Promise<void> {
    const head = await this.events.head();
    if (head !== null) await this.index.waitFor(head, CURRENT_MS_MAX);
  }

  /** Resolves once a key that was issued at this position is found, or when that takes too long. */
  async whenIndexed(position: string): Promise<void> {
    await this.index.waitFor(position, INDEXED_MS_MAX).catch(() => undefined);
  }

  /** The key if it is at hand; otherwise ask `find`. */
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

  /** The work that an unknown id costs: done before a known one is refused, so that time tells nothing. */
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
