import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { isAppError, PeriodicTask, type Clock } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import type { MessageContext } from '#libs/transport';
import { decideGone, decideLeaving } from '../organizations/leaving.decider';
import { Memberships } from '../organizations/memberships';
import { Organizations } from '../organizations/organizations';
import { CLOCK, LOGGER, READ_STORE } from '../tokens';
import { PersonalRecords } from './personal-records';

const erasuresCollection = { name: 'erasures_v1', fields: {}, indexes: [] } as const satisfies CollectionSpec;

const ERASURES_MAX = 1_000;
/** Erasures that a store's outage has interrupted are tried again this often. */
const RETRY_INTERVAL_MS = 60_000;

/** Erases people. The next start finishes an erasure that a crash has interrupted. */
@Injectable()
export class Erasures implements OnModuleInit, OnApplicationShutdown {
  readonly #retries = new PeriodicTask({
    intervalMs: RETRY_INTERVAL_MS,
    round: (signal) => this.#finishAll(signal),
    failed: (error) =>
      this.logger.warn('erasures not looked for; it will be tried again', errorFields(error)),
  });

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly memberships: Memberships,
    private readonly organizations: Organizations,
    private readonly records: PersonalRecords,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(erasuresCollection);
  }

  /**
   * Erases a person. Fails with LAST_OWNER, and then erases nothing later. Nothing is changed either, unless the other
   * owner leaves at the same moment; memberships that had ended by then stay ended.
   */
  async erase(userId: string, context: MessageContext): Promise<void> {
    const organizations = await this.memberships.organizationsOf(userId);
    const at = this.clock.now().toISOString();
    for (const orgId of organizations) decideLeaving(await this.organizations.recent(orgId), { userId, at });
    await this.reads.put(erasuresCollection.name, { id: userId, startedAt: at });
    await this.#finish(userId, context);
  }

  onApplicationShutdown(): Promise<void> {
    return this.#retries.end();
  }

  /** Finishes the erasures that a crash has interrupted, and from then on regularly those that a store's outage has. */
  async begin(): Promise<void> {
    await this.#finishAll();
    this.#retries.begin();
  }

  async #finishAll(signal?: AbortSignal): Promise<void> {
    const begun = await this.reads.find(erasuresCollection.name, {
      where: {},
      sort: { field: 'id', direction: 'ascending' },
      limit: ERASURES_MAX,
    });
    for (const { id } of begun) {
      if (signal?.aborted) return;
      await this.#finish(id, { correlationId: 'start' }).catch((error: unknown) =>
        this.logger.error('erasure not finished', { actor_id: id, ...errorFields(error) }),
      );
    }
  }

  /** Runs all steps of an erasure. Each may be repeated. */
  async #finish(userId: string, context: MessageContext): Promise<void> {
    if (await this.records.areWhole(userId)) await this.#leaveAll(userId, context); // 1. this may be refused
    await this.records.erase(userId); // 2. from here on nothing is refused
    await this.memberships.endAll(userId, { decide: decideGone }, context); // 3. what the person joined during the first step
    // The SQLite file still holds the bytes of removed rows; this removes them as well.
    await this.reads.forget();
    await this.reads.remove(erasuresCollection.name, userId);
  }

  /** Leaves all organizations. A refusal ends the erasure, because the person is told of it and may stay. */
  async #leaveAll(userId: string, context: MessageContext): Promise<void> {
    try {
      await this.memberships.endAll(userId, { decide: decideLeaving }, context);
    } catch (error) {
      if (isAppError(error, 'LAST_OWNER')) await this.reads.remove(erasuresCollection.name, userId);
      throw error;
    }
  }
}
