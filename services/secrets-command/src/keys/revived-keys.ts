import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '#libs/event-store';
import type { SecretEvent } from '#libs/events';
import { Keyring } from '#libs/key-store';
import type { Logger } from '#libs/observability';
import { EVENT_STORE, LOGGER } from '../tokens';

type Shredded = Extract<SecretEvent, { type: 'SecretShredded' }>['data'];

/** Few, because each event names all data keys of a secret, up to 10,000. */
const BATCH_EVENTS_MAX = 10;

/**
 * Destroys again the keys that the log says are destroyed, because a key store that was restored from an older backup
 * holds them (ADR 5). Each process does so once, because a key store is restored before a start.
 */
@Injectable()
export class RevivedKeys {
  #isDone = false;

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly keyring: Keyring,
  ) {}

  /** Starts again when it was stopped or failed before. Calls `mayGoOn` after each batch. */
  async sweep(signal: AbortSignal, mayGoOn: () => Promise<boolean>): Promise<void> {
    if (this.#isDone) return;
    const [categories, types] = [['secret'], ['SecretShredded']];
    const log = this.events.subscribe({ after: null, categories, types, signal, batchMax: BATCH_EVENTS_MAX });
    for await (const { events, caughtUp } of log) {
      const ids = events.flatMap(({ data }) => (data as unknown as Shredded).dataKeyIds);
      // A deletion rewrites files even when no key is there, so most batches only look. The last one always deletes:
      // that overwrites what an attempt has left that failed halfway.
      const count = await this.keyring.destroy(caughtUp ? ids : await this.keyring.existing(ids));
      if (count > 0) this.logger.warn('destroyed keys were back, and are destroyed again', { count });
      this.#isDone = caughtUp;
      if (this.#isDone || !(await mayGoOn())) return;
    }
  }
}
