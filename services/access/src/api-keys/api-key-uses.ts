import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { entriesAtMost, type Clock } from '#libs/kernel';
import { LRUCache } from 'lru-cache';
import { errorFields, type Logger } from '#libs/observability';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, LOGGER, READ_STORE } from '../tokens';

/** One record a minute says when a key was last used, however often it is. */
const INTERVAL_MS = 60_000;
const KEYS_MAX = 50_000;
/** Beyond so many at once a use goes unrecorded; the key's next one is not. */
const WRITES_MAX = 1_000;
/** Above what an organization keeps in mind of its keys. */
const LIST_MAX = 20_000;

const usesCollection = {
  name: 'api_key_uses_v1',
  fields: { orgId: 'string' },
  indexes: [['orgId']],
} as const satisfies CollectionSpec;

/** When keys were last used: information, never a decision, and never worth the wait of a request. */
@Injectable()
export class ApiKeyUses implements OnModuleInit {
  /** When each key's use was last written, in `monotonicMs`. */
  readonly #written = new LRUCache<string, number>(entriesAtMost(KEYS_MAX));
  #writing = 0;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(usesCollection);
  }

  /** `at` is ISO 8601. */
  note(orgId: string, keyId: string, at: string): void {
    const now = this.clock.monotonicMs();
    const written = this.#written.get(keyId);
    if (written !== undefined && now - written < INTERVAL_MS) return;
    if (this.#writing >= WRITES_MAX) return;
    this.#written.set(keyId, now);
    void this.#write({ id: keyId, orgId, lastUsedAt: at });
  }

  /** By key, all of an organization's that were ever used. */
  async of(orgId: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.reads.find(usesCollection.name, {
      where: { orgId },
      sort: { field: 'id', direction: 'descending' },
      limit: LIST_MAX,
    });
    return new Map(rows.map((row) => [row.id, String(row['lastUsedAt'])]));
  }

  async #write(use: { id: string; orgId: string; lastUsedAt: string }): Promise<void> {
    this.#writing += 1;
    try {
      await this.reads.put(usesCollection.name, use);
    } catch (error) {
      this.#written.delete(use.id);
      this.logger.warn('use of a key not recorded', { key_id: use.id, ...errorFields(error) });
    } finally {
      this.#writing -= 1;
    }
  }
}
