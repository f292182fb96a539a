import { Inject, Injectable } from '@nestjs/common';
import { FoldedStreams, type EventStore } from '#libs/event-store';
import { organizationFold, organizationStream, type OrganizationState } from '#libs/events';
import { EVENT_STORE } from '../tokens';

/** How long a change made by another process may go unseen (case A5). */
const FRESH_MS = 1_000;
/** Members, keys and invitations held in memory over all organizations. */
const ENTRIES_MAX = 500_000;

/** Organizations as their own streams know them: every right rests on these, and on no projection. */
@Injectable()
export class Organizations {
  readonly #folded: FoldedStreams<OrganizationState>;

  constructor(@Inject(EVENT_STORE) events: EventStore) {
    this.#folded = new FoldedStreams({
      events,
      fold: organizationFold,
      streamOf: organizationStream,
      freshMs: FRESH_MS,
      weigh: ({ members, invitations, keys }) => members.size + invitations.size + keys.size,
      weightMax: ENTRIES_MAX,
    });
  }

  /** At hand, if it is known well enough; otherwise ask `recent`. */
  peek(orgId: string): OrganizationState | undefined {
    return this.#folded.peek(orgId);
  }

  /** At most a second old. One that does not exist is without everything. */
  async recent(orgId: string): Promise<OrganizationState> {
    return this.#folded.recent(orgId);
  }

  /** To be called once something was appended, or may have been: the next request sees it. */
  changed(orgId: string): void {
    this.#folded.changed(orgId);
  }
}
