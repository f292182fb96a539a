import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { eventMetadata, untilWon } from '#libs/event-store';
import type { SecretEvent, SecretState } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { isAppError, newCommandId, PeriodicTask, type Clock } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type { ReadStore } from '#libs/read-store';
import type { MessageContext } from '#libs/transport';
import { CLOCK, LOGGER, PRODUCER, READ_STORE } from '../tokens';
import { dataKeyIds, decideShredEnd, decideShredStart } from './secret.decider';
import { INVENTORY } from './secret-inventory.projection';
import { SecretStreams } from './secret-streams';

/** Short enough to finish what a crash left within a minute of the restart. */
const SWEEP_INTERVAL_MS = 20_000;
const PAGE_SECRETS = 500;

interface SecretRef {
  readonly orgId: string;
  readonly secretId: string;
}

/**
 * Destroys the data keys of deleted secrets once their recovery window is over. Every step is an append at an exact
 * revision, so several processes may sweep at once and a crash is resumed.
 */
@Injectable()
export class SecretShredder implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #sweeps = new PeriodicTask({
    intervalMs: SWEEP_INTERVAL_MS,
    round: (signal) => this.#sweepAll(signal),
    failed: (error) => this.logger.warn('shredding interrupted; it will be tried again', errorFields(error)),
  });

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    private readonly streams: SecretStreams,
  ) {}

  onApplicationBootstrap(): void {
    this.#sweeps.begin();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#sweeps.end();
  }

  /** Does one round over all secrets that are due. A failure is logged, and the next round starts again. */
  sweep(): Promise<void> {
    return this.#sweeps.run();
  }

  /** Destroys the keys of a deleted secret now. Steps that this or another process has done are not done again. */
  async shred(ref: SecretRef, context: MessageContext): Promise<void> {
    await untilWon(null, () => this.#step(ref, context, decideShredStart)); // the point of no return
    const { state } = await this.streams.inLog(ref);
    if (state.status !== 'shredding') return;
    await this.keyring.destroy(dataKeyIds(state));
    await untilWon(null, () => this.#step(ref, context, decideShredEnd));
  }

  /** Decides on the current state of the secret, and appends the events. */
  async #step(
    ref: SecretRef,
    { correlationId }: MessageContext,
    decide: (state: SecretState) => SecretEvent[],
  ): Promise<void> {
    // An id for each step, because both append to one stream and an event's id is made from the command's.
    const commandId = newCommandId(this.clock.now());
    const { state, expected } = await this.streams.inLog(ref);
    const events = decide(state);
    if (events.length === 0) return;
    const at = this.clock.now().toISOString();
    const caller = { orgId: ref.orgId, actorType: 'system', actorId: 'shredder' };
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    await this.streams.append({ secretId: ref.secretId, events, expected, metadata }, undefined);
  }

  async #sweepAll(signal: AbortSignal): Promise<void> {
    for (let skip = 0; await this.#sweepPage(skip, signal); skip += PAGE_SECRETS);
  }

  /** True when more may be due behind this page. The next round finds secrets that moved in the list meanwhile. */
  async #sweepPage(skip: number, signal: AbortSignal): Promise<boolean> {
    const now = this.clock.now().toISOString();
    const deleted = await this.reads.find(INVENTORY, {
      where: { status: 'deleted' },
      sort: { field: 'shredAfter', direction: 'ascending' },
      skip,
      limit: PAGE_SECRETS,
    });
    for (const { id, orgId, shredAfter } of deleted) {
      if (signal.aborted || String(shredAfter) > now) return false;
      await this.#shredDue({ orgId: String(orgId), secretId: id });
    }
    return deleted.length === PAGE_SECRETS;
  }

  /** A secret that cannot be shredded does not stop the others. */
  async #shredDue(ref: SecretRef): Promise<void> {
    try {
      await this.shred(ref, { correlationId: 'shredder' });
    } catch (error) {
      if (isAppError(error, 'STORE_UNAVAILABLE')) throw error;
      const place = { org_id: ref.orgId, secret_id: ref.secretId };
      this.logger.error('keys of a deleted secret cannot be destroyed', { ...place, ...errorFields(error) });
    }
  }
}
