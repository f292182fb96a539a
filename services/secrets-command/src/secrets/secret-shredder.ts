import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { eventMetadata } from '#libs/event-store';
import type { SecretEvent, SecretState } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { isAppError, newCommandId, type Clock } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type { ReadStore } from '#libs/read-store';
import type { MessageContext } from '#libs/transport';
import { CLOCK, LOGGER, PRODUCER, READ_STORE } from '../tokens';
import { dataKeyIds, decideShredEnd, decideShredStart } from './secret.decider';
import { evolved, SecretStreams } from './secret-streams';

/** Short enough that what a crash left is finished within a minute of the restart. */
const SWEEP_INTERVAL_MS = 20_000;
const SWEEP_MAX = 500;

interface SecretRef {
  readonly orgId: string;
  readonly secretId: string;
}

/**
 * Destroys the data keys of deleted secrets once their recovery window is over. Every step is settled
 * by the log at an exact revision, so several processes may sweep at once and a crash is resumed.
 */
@Injectable()
export class SecretShredder implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    private readonly streams: SecretStreams,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** Destroys the keys of a deleted secret now; what is done already is not done again. */
  async shred(ref: SecretRef, context: MessageContext): Promise<void> {
    const state = await this.#step(ref, context, decideShredStart); // the point of no return
    if (state.status !== 'shredding') return;
    await this.keyring.destroy(dataKeyIds(state));
    await this.#step(ref, context, decideShredEnd);
  }

  /** Appends what is decided on the secret as it stands, and gives the secret after that. */
  async #step(
    ref: SecretRef,
    { correlationId }: MessageContext,
    decide: (state: SecretState) => SecretEvent[],
  ): Promise<SecretState> {
    // One for each step: they append to one stream, and an event's id is made from the command's.
    const commandId = newCommandId(this.clock.now());
    const { state, expected } = await this.streams.load(ref, commandId);
    const events = decide(state);
    if (events.length === 0) return state;
    const at = this.clock.now().toISOString();
    const caller = { orgId: ref.orgId, actorType: 'system', actorId: 'shredder' };
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    await this.streams.append({ secretId: ref.secretId, events, expected, metadata }, undefined);
    return evolved(state, events, metadata);
  }

  #sweep(): void {
    if (this.#sweeping) return;
    this.#sweeping = this.#shredDue()
      .catch((error: unknown) =>
        this.logger.warn('shredding failed; it will be tried again', errorFields(error)),
      )
      .finally(() => (this.#sweeping = undefined));
  }

  async #shredDue(): Promise<void> {
    const now = this.clock.now().toISOString();
    const deleted = await this.reads.find('inventory_v1', {
      where: { status: 'deleted' },
      sort: { field: 'shredAfter', direction: 'ascending' },
      limit: SWEEP_MAX,
    });
    for (const { id, orgId, shredAfter } of deleted) {
      if (String(shredAfter) > now) return;
      const ref = { orgId: String(orgId), secretId: id };
      await this.shred(ref, { correlationId: 'shredder' }).catch((error: unknown) => {
        if (!isAppError(error, 'WRONG_REVISION')) throw error; // another process is at it
      });
    }
  }
}
