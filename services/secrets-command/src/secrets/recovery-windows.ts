import { Inject, Injectable } from '@nestjs/common';
import { StreamFolds, type EventStore } from '#libs/event-store';
import { organizationStream, recoveryDaysFold } from '#libs/events';
import type { SecretsCommandConfig } from '../config';
import { CONFIG, EVENT_STORE } from '../tokens';

const DAY_MS = 86_400_000;

/**
 * How long deleted secrets keep their keys: what the organization has chosen, or the operator. It is read from the
 * organization's own stream and always as it stands: a window that was lengthened a moment ago holds for the delete
 * that follows, and a delete needs no other service to be there. The stream is read once; after that only for what
 * came since, one read beside the several that a delete makes anyway.
 */
@Injectable()
export class RecoveryWindows {
  readonly #days: StreamFolds<number | null>;

  constructor(
    @Inject(CONFIG) private readonly config: SecretsCommandConfig,
    @Inject(EVENT_STORE) events: EventStore,
  ) {
    this.#days = new StreamFolds(events, recoveryDaysFold);
  }

  /** In milliseconds. */
  async lengthOf(orgId: string): Promise<number> {
    const { state } = await this.#days.of({ orgId, stream: organizationStream(orgId) });
    return (state ?? this.config.recoveryDays) * DAY_MS;
  }
}
