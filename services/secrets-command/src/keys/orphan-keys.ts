import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { eventMetadata, foldStream, untilWon, type EventStore } from '#libs/event-store';
import { secretFold, secretStream, type SecretState } from '#libs/events';
import { Keyring, type DataKey } from '#libs/key-store';
import { isAppError, newCommandId, type Clock } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import type { CollectionSpec, Document, ReadStore } from '#libs/read-store';
import { decideOrphan } from '../secrets/secret.decider';
import { CLOCK, EVENT_STORE, LOGGER, PRODUCER, READ_STORE } from '../tokens';

/** Longer than every deadline, so that no command under way is disturbed. The fence alone protects its key. */
const ORPHAN_AGE_MS = 24 * 3_600_000;
const BATCH_KEYS = 500;
const BATCHES_PER_SWEEP_MAX = 20;
/** More orphans in a batch than any crash leaves mean that the keys were made for another log. */
const ORPHANS_PER_BATCH_MAX = BATCH_KEYS / 2;

const sweepCollection: CollectionSpec = { name: 'orphan_sweep_v1', fields: {}, indexes: [] };
const CURSOR = 'cursor';

/** The last key that was checked. */
type Cursor = Document & { readonly afterId: string };

/**
 * Destroys data keys that no event names, because their command died between storing the key and appending the event
 * (ADR 5). Each key is checked once, when it is a day old. The place of the sweep is stored, so a restart goes on
 * there.
 */
@Injectable()
export class OrphanKeys implements OnModuleInit {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(sweepCollection);
  }

  /** Checks a bounded number of keys that are old enough, and calls `mayGoOn` before each batch. */
  async sweep(mayGoOn: () => Promise<boolean>): Promise<void> {
    const madeBefore = new Date(this.clock.now().getTime() - ORPHAN_AGE_MS);
    for (let batch = 0; batch < BATCHES_PER_SWEEP_MAX; batch += 1) {
      if (!(await mayGoOn())) return;
      const cursor = (await this.reads.get(sweepCollection.name, CURSOR)) as Cursor | null;
      const afterId = cursor?.afterId ?? '';
      const keys = await this.keyring.dataKeys({ madeBefore, afterId, limit: BATCH_KEYS });
      const last = keys.at(-1);
      if (!last || !(await this.#judge(keys))) return;
      await this.reads.put(sweepCollection.name, { id: CURSOR, afterId: last.id });
    }
  }

  /** False when so many are orphans that nothing may be destroyed. */
  async #judge(keys: readonly DataKey[]): Promise<boolean> {
    const states = new Map<string, SecretState | null>();
    for (const { orgId, secretId } of keys) {
      const stream = secretStream(orgId, secretId);
      if (!states.has(stream)) states.set(stream, await this.#stateOf({ orgId, secretId }));
    }
    const orphans = keys.filter((key) => {
      const state = states.get(secretStream(key.orgId, key.secretId));
      return state && decideOrphan(state, key) !== null;
    });
    if (orphans.length > ORPHANS_PER_BATCH_MAX) {
      const reason = 'too many: are log and key store of one installation, and of one age?';
      this.logger.error('orphan keys are left alone', { count: orphans.length, reason });
      return false;
    }
    await this.#destroy(orphans);
    return true;
  }

  /** Null when the stream cannot be folded, because then it is unknown which keys it names. */
  async #stateOf(ref: { orgId: string; secretId: string }): Promise<SecretState | null> {
    // Reading an embedded log never waits, so without this line no other work would get a turn.
    await nextTurn();
    try {
      return (await this.#load(ref)).state;
    } catch (error) {
      if (isAppError(error, 'STORE_UNAVAILABLE')) throw error;
      const reason = 'its stream cannot be folded';
      this.logger.error('keys of a secret are left alone', {
        org_id: ref.orgId,
        secret_id: ref.secretId,
        reason,
      });
      return null;
    }
  }

  async #destroy(orphans: readonly DataKey[]): Promise<void> {
    const fenced: string[] = [];
    for (const key of orphans) if (await untilWon(null, () => this.#fence(key))) fenced.push(key.id);
    if (fenced.length === 0) return;
    const count = await this.keyring.destroy(fenced);
    this.logger.info('orphan keys destroyed', { count });
  }

  /** True once no append can name the key any more; false when an event names it. */
  async #fence(key: DataKey): Promise<boolean> {
    const { orgId, secretId } = key;
    const { state, expected } = await this.#load(key);
    const events = decideOrphan(state, key);
    if (events === null) return false;
    if (events.length === 0) return true;
    const now = this.clock.now();
    const caller = { orgId, actorType: 'system', actorId: 'orphan-keys' };
    const origin = { caller, commandId: newCommandId(now), correlationId: 'orphan-keys' };
    const metadata = eventMetadata({ ...origin, at: now.toISOString(), producer: PRODUCER });
    await this.events.append({ orgId, stream: secretStream(orgId, secretId), events, expected, metadata });
    return true;
  }

  /** The handlers' folds are not used, because a sweep over all secrets would push out those in use. */
  async #load({ orgId, secretId }: { orgId: string; secretId: string }) {
    return foldStream(this.events, { orgId, stream: secretStream(orgId, secretId) }, secretFold);
  }
}
