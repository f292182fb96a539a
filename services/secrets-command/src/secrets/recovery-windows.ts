import { Inject, Injectable } from '@nestjs/common';
import { StreamFolds, type EventStore } from '#libs/event-store';
import { organizationStream, recoveryDaysFold } from '#libs/events';
import type { SecretsCommandConfig } from '../config';
import { CONFIG, EVENT_STORE } from '../tokens';

const DAY_MS = 86_400_000;

/**
 * How long deleted secrets keep their keys: as the organization has chosen, or else the operator. The current choice is
 * read from the organization's own stream at each delete. So a window that was just lengthened counts, and a delete
 * needs no other service. After the first read, only later events are read.
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
