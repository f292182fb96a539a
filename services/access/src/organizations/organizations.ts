import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#libs/contracts';
import { eventMetadata, StreamFolds, untilWon, type EventStore } from '#libs/event-store';
import {
  organizationFold,
  organizationStream,
  type OrganizationEvent,
  type OrganizationState,
} from '#libs/events';
import type { Clock } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import { CLOCK, EVENT_STORE, PRODUCER } from '../tokens';
import { Turns } from '../turns';
import { RecentStates } from './recent-states';

/** How long a change made by another process may go unseen (case A5). */
const FRESH_MS = 1_000;
/** How long who somebody is goes on without the log; they may list secrets, and nothing else (case H2). */
const STALE_MS = 5 * 60_000;
/** Members, keys and invitations held in memory over all organizations. */
const ENTRIES_MAX = 500_000;

/** What a command says about itself; `caller.orgId` is the organization that it changes. */
interface OrganizationCommand {
  readonly caller: Caller;
  readonly commandId: string;
}

/** Pure: what happens to an organization at a time, ISO 8601. Throws AppErrors. */
type Decide = (state: OrganizationState, at: string) => readonly OrganizationEvent[];

/** The organization after a change, and where in the log that stands. */
export interface Changed {
  readonly state: OrganizationState;
  readonly position: string;
}

/** Organizations as their own streams know them: every right rests on these, and on no projection. */
@Injectable()
export class Organizations {
  readonly #turns = new Turns();
  readonly #folds: StreamFolds<OrganizationState>;
  readonly #recent: RecentStates<OrganizationState>;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_STORE) private readonly events: EventStore,
  ) {
    this.#folds = new StreamFolds(events, organizationFold);
    this.#recent = new RecentStates({
      clock,
      read: (orgId) => this.#read(orgId),
      freshMs: FRESH_MS,
      staleMs: STALE_MS,
      weigh: ({ members, invitations, keys }) => members.size + invitations.size + keys.size,
      weightMax: ENTRIES_MAX,
    });
  }

  /** At hand, if it is known well enough; otherwise ask `recent`. */
  peek(orgId: string): OrganizationState | undefined {
    return this.#recent.peek(orgId);
  }

  /**
   * At most a second old, or five minutes while the log cannot be read, and never older than a change made here. One
   * that does not exist is without everything.
   */
  async recent(orgId: string): Promise<OrganizationState> {
    return (await this.#recent.get(orgId)) ?? organizationFold.initial;
  }

  /** Whether what was given last is more than a second old, for want of the log. */
  isStale(orgId: string): boolean {
    return this.#recent.isStale(orgId);
  }

  /**
   * Decides on the organization as the log has it, and appends at that very revision. A command whose events are in
   * the log is not decided again. What it changes holds from the next request on. Fails with CONCURRENT_CHANGE when
   * other processes keep changing it, and with whatever `decide` throws.
   */
  async change(command: OrganizationCommand, context: MessageContext, decide: Decide): Promise<Changed> {
    const attempt = () => this.#attempt(command, context, decide);
    return this.#turns.take(command.caller.orgId, () => untilWon(null, attempt));
  }

  async #attempt(
    { caller, commandId }: OrganizationCommand,
    { correlationId }: MessageContext,
    decide: Decide,
  ): Promise<Changed> {
    const { orgId } = caller;
    const stream = organizationStream(orgId);
    const { state, position, expected, applied } = await this.#folds.of({ orgId, stream, commandId });
    if (applied) {
      // It was another process, perhaps, and there may have been more since.
      this.#recent.changed(orgId);
      return applied;
    }
    const at = this.clock.now().toISOString();
    const events = decide(state, at);
    if (events.length === 0 && position !== null) return { state, position };
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    const request = { orgId, stream, events, expected, metadata };
    // Also after a failure: the events may be in the log all the same.
    await this.events.append(request).finally(() => this.#recent.changed(orgId));
    return this.#folds.behind({ orgId, stream, commandId });
  }

  async #read(orgId: string): Promise<OrganizationState | null> {
    const { state, revision } = await this.#folds.of({ orgId, stream: organizationStream(orgId) });
    return revision === null ? null : state;
  }
}
