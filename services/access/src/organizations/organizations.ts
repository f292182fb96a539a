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

/** How long this process may miss a change that another process made (case A5). */
const FRESH_MS = 1_000;
/**
 * How long a caller is still recognised while the log cannot be read. Such a caller may only list secrets (case H2).
 */
const STALE_MS = 5 * 60_000;
/** The members, keys and invitations in memory, of all organizations together. */
const ENTRIES_MAX = 500_000;

/** The parts of a command that `change` needs. `caller.orgId` is the organization that the command changes. */
export interface OrganizationCommand {
  readonly caller: Caller;
  readonly commandId: string;
}

/** Decides, without side effects, which events a command appends. `at` is ISO 8601. Throws AppErrors. */
export type Decide = (state: OrganizationState, at: string) => readonly OrganizationEvent[];

/** The organization after a change, and the position of the change in the log. */
export interface Changed {
  readonly state: OrganizationState;
  readonly position: string;
}

/** Folds organizations from their own streams. Every right rests on these states, and on no projection. */
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

  /** Gives a state that is in memory and at most a second old; undefined otherwise, and then `recent` must be asked. */
  peek(orgId: string): OrganizationState | undefined {
    return this.#recent.peek(orgId);
  }

  /**
   * Gives a state that is at most a second old, or five minutes while the log cannot be read, and that contains every
   * change made by this process. Gives the empty state for an organization that does not exist.
   */
  async recent(orgId: string): Promise<OrganizationState> {
    return (await this.#recent.get(orgId)) ?? organizationFold.initial;
  }

  /** Tells whether the last state that was given is more than a second old because the log could not be read. */
  isStale(orgId: string): boolean {
    return this.#recent.isStale(orgId);
  }

  /**
   * Decides on the latest state in the log, and appends at exactly that revision. A command whose events are already in
   * the log is not decided again. The next request sees the change. Fails with CONCURRENT_CHANGE when other processes
   * keep changing the organization, and with what `decide` throws.
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
      // Another process may have appended these events, and more after them, so the state in memory is dropped.
      this.#recent.changed(orgId);
      return applied;
    }
    const at = this.clock.now().toISOString();
    const events = decide(state, at);
    if (events.length === 0 && position !== null) return { state, position };
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    const request = { orgId, stream, events, expected, metadata };
    // The state is dropped after a failed append as well, because the events may still be in the log.
    await this.events.append(request).finally(() => this.#recent.changed(orgId));
    return this.#folds.behind({ orgId, stream, commandId });
  }

  async #read(orgId: string): Promise<OrganizationState | null> {
    const { state, revision } = await this.#folds.of({ orgId, stream: organizationStream(orgId) });
    return revision === null ? null : state;
  }
}
