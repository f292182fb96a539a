import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { entriesAtMost, type Clock } from '#libs/kernel';
import { LRUCache } from 'lru-cache';
import { errorFields, type Logger } from '#libs/observability';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, LOGGER, READ_STORE } from '../tokens';

/** The last use of a key is written once a minute at most, however often the key is used. */
const INTERVAL_MS = 60_000;
const KEYS_MAX = 50_000;
/** With more writes than this under way, a use is not recorded. The next use of that key tries again. */
const WRITES_MAX = 1_000;
/** More keys than any organization holds in memory. */
const LIST_MAX = 20_000;

const usesCollection = {
  name: 'api_key_uses_v1',
  fields: { orgId: 'string' },
  indexes: [['orgId']],
} as const satisfies CollectionSpec;

/** Records when keys were last used. No decision rests on it, and no request waits for it. */
@Injectable()
export class ApiKeyUses implements OnModuleInit {
  /** By key id: when its use was last written, in `monotonicMs`. */
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

  /** Notes a use of a key without waiting for the write. `at` is ISO 8601. */
  note(orgId: string, keyId: string, at: string): void {
    const now = this.clock.monotonicMs();
    const written = this.#written.get(keyId);
    if (written !== undefined && now - written < INTERVAL_MS) return;
    if (this.#writing >= WRITES_MAX) return;
    this.#written.set(keyId, now);
    void this.#write({ id: keyId, orgId, lastUsedAt: at });
  }

  /** Gives the time of the last use by key id, for all keys of an organization that were ever used. */
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
