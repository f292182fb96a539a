import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';

const usedCollection = {
  name: 'used_codes_v1',
  fields: { usedAt: 'string' },
  indexes: [['usedAt']],
} as const satisfies CollectionSpec;

/** How long a use is remembered. A code that has no record of its own is valid for much less. */
const KEPT_MS = 24 * 3_600_000;

/** Records codes that may be used once. If two requests use one at the same time, in any process, only one succeeds. */
@Injectable()
export class UsedCodes implements OnModuleInit {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly reads: ReadStore,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(usedCollection);
  }

  /** Gives true for the first use. `id` must not reveal the code. */
  async use(id: string): Promise<boolean> {
    const mine = { id, by: randomUUID(), usedAt: this.clock.now().toISOString() };
    const there = await this.reads.putIfAbsent(usedCollection.name, mine);
    return there['by'] === mine.by;
  }

  async purge(): Promise<void> {
    const old = new Date(this.clock.now().getTime() - KEPT_MS).toISOString();
    await this.reads.removeBefore(usedCollection.name, 'usedAt', old);
  }
}
