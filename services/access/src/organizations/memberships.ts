import { Inject, Injectable } from '@nestjs/common';
import type { OrganizationEvent } from '#libs/events';
import { AppError } from '#libs/kernel';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import type { AccessConfig } from '../config';
import { CONFIG, MEMBER_INDEX, READ_STORE } from '../tokens';
import { Turns } from '../turns';
import { MEMBER_INDEX_COLLECTION } from './member-index.projection';
import type { Changed } from './organizations';

/** How long a change waits for the index. An index that is slower than this is faulty; the change itself is durable. */
const SHOWN_MS_MAX = 2_000;
/** More organizations than any quota that an operator can set. */
const LIST_MAX = 2_000;

type WithinQuota = (events: readonly OrganizationEvent[]) => readonly OrganizationEvent[];

/** Finds the organizations of a person in the index. No right is decided by it. */
@Injectable()
export class Memberships {
  readonly #turns = new Turns();

  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    @Inject(MEMBER_INDEX) private readonly index: RunningProjection,
    @Inject(READ_STORE) private readonly reads: ReadStore,
  ) {}

  /** Gives the ids of the person's organizations, oldest membership first. */
  async organizationsOf(userId: string): Promise<string[]> {
    const rows = await this.reads.find(MEMBER_INDEX_COLLECTION, {
      where: { userId },
      sort: { field: 'joinedAt', direction: 'ascending' },
      limit: LIST_MAX,
    });
    return rows.map((row) => String(row['orgId']));
  }

  /**
   * Runs `join`, which makes the person a member of one more organization. Joins of one person run one after the other,
   * each until the index shows it, so that the next list shows it too and the quota is exact within this process.
   * `join` passes its events through `withinQuota`, which fails with QUOTA_EXCEEDED. A repetition has no events, so it
   * cannot fail.
   */
  async adding(userId: string, join: (withinQuota: WithinQuota) => Promise<Changed>): Promise<Changed> {
    return this.#turns.take(userId, async () => {
      const max = this.config.organizationsPerUserMax;
      const count = await this.reads.count(MEMBER_INDEX_COLLECTION, { where: { userId } });
      const changed = await join((events) => {
        if (events.length === 0 || count < max) return events;
        const safeMessage = `You belong to ${max} organizations, as many as you may; leave some or ask the operator for more`;
        throw new AppError('QUOTA_EXCEEDED', { safeMessage });
      });
      await this.index.waitFor(changed.position, SHOWN_MS_MAX).catch(() => undefined);
      return changed;
    });
  }
}
