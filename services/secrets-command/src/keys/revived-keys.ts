import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '#libs/event-store';
import type { SecretEvent } from '#libs/events';
import { Keyring } from '#libs/key-store';
import type { Logger } from '#libs/observability';
import { EVENT_STORE, LOGGER } from '../tokens';

type Shredded = Extract<SecretEvent, { type: 'SecretShredded' }>['data'];

/** Each names all data keys of a secret, and those of one batch go in one deletion. */
const BATCH_EVENTS_MAX = 100;

/**
 * Destroys again what the log says is destroyed: a key store that was put back from an older backup holds such keys. Each
 * process looks through the log once, because a key store is put back before a start.
 */
@Injectable()
export class RevivedKeys {
  #isDone = false;

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly keyring: Keyring,
  ) {}

  /** Begins anew when it was stopped or failed before; `mayGoOn` is asked after each batch. */
  async sweep(signal: AbortSignal, mayGoOn: () => Promise<boolean>): Promise<void> {
    if (this.#isDone) return;
    const [categories, types] = [['secret'], ['SecretShredded']];
    const log = this.events.subscribe({ after: null, categories, types, signal, batchMax: BATCH_EVENTS_MAX });
    for await (const { events, caughtUp } of log) {
      const ids = events.flatMap(({ data }) => (data as unknown as Shredded).dataKeyIds);
      const count = await this.keyring.destroy(ids);
      if (count > 0) this.logger.warn('destroyed keys were back, and are destroyed again', { count });
      this.#isDone = caughtUp;
      if (this.#isDone || !(await mayGoOn())) return;
    }
  }
}
