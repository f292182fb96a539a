import { Inject, Injectable } from '@nestjs/common';
import type { OrganizationEvent, OrganizationState } from '#libs/events';
import { AppError, newCommandId, type Clock } from '#libs/kernel';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import type { MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { CLOCK, CONFIG, MEMBER_INDEX, READ_STORE } from '../tokens';
import { Turns } from '../turns';
import { Users, type Claimant } from '../users/users';
import { decideGone } from './leaving.decider';
import { MEMBER_INDEX_COLLECTION } from './member-index.projection';
import { Organizations, type Changed, type Decide, type OrganizationCommand } from './organizations';

/** How long a change waits for the index. An index that is slower than this is faulty; the change itself is durable. */
const SHOWN_MS_MAX = 2_000;
/** More organizations than any quota that an operator can set. */
const LIST_MAX = 2_000;

interface Addition {
  readonly command: OrganizationCommand;
  readonly context: MessageContext;
}

/** Decides which events end a membership. */
type DecideEnd = (
  state: OrganizationState,
  leaving: { readonly userId: string; readonly at: string },
) => readonly OrganizationEvent[];

interface Ending {
  readonly decide: DecideEnd;
  readonly kept?: readonly string[];
}

/** Begins and ends memberships, and finds a person's organizations in the index. No right is decided by it. */
@Injectable()
export class Memberships {
  readonly #turns = new Turns();

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: AccessConfig,
    @Inject(MEMBER_INDEX) private readonly index: RunningProjection,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly organizations: Organizations,
    private readonly users: Users,
  ) {}

  /** Gives the ids of the person's organizations, oldest membership first. */
  async organizationsOf(userId: string): Promise<string[]> {
    const rows = await this.reads.find(MEMBER_INDEX_COLLECTION, {
      where: { userId },
      sort: { field: 'joinedAt', direction: 'ascending' },
      limit: LIST_MAX,
    });
    return rows.map((row) => String(row['orgId']));
  }

  /**
   * Makes a person a member of one more organization. This is done for one person at a time, until the index shows it,
   * so that the next list shows it too and the quota is exact within this process. Fails with what `decide` throws and
   * with QUOTA_EXCEEDED; a repetition has no events, so it cannot fail. Fails with CONCURRENT_CHANGE for a person who is
   * erased at the same time, and who is then no member.
   */
  async add(person: Claimant, { command, context }: Addition, decide: Decide): Promise<Changed> {
    const { id: userId } = person;
    return this.#turns.take(userId, async () => {
      const count = await this.reads.count(MEMBER_INDEX_COLLECTION, { where: { userId } });
      const changed = await this.organizations.change(command, context, (state, at) =>
        this.#withinQuota(count, decide(state, at)),
      );
      await this.index.waitFor(changed.position, SHOWN_MS_MAX).catch(() => undefined);
      if (await this.users.isThere(person)) return changed;
      // The erasure may have listed the person's organizations before this one was among them.
      await this.#end({ orgId: command.caller.orgId, userId, decide: decideGone }, context);
      throw new AppError('CONCURRENT_CHANGE');
    });
  }

  /**
   * Ends all memberships of a person, except in the organizations that are `kept`. Fails with what `decide` throws. The
   * newest ends first, so that a person who is refused still has their personal organization, which is the oldest.
   */
  async endAll(userId: string, { decide, kept = [] }: Ending, context: MessageContext): Promise<void> {
    const newestFirst = (await this.organizationsOf(userId)).reverse();
    for (const orgId of newestFirst.filter((id) => !kept.includes(id)))
      await this.#end({ orgId, userId, decide }, context);
  }

  async #end(
    { orgId, userId, decide }: { orgId: string; userId: string; decide: DecideEnd },
    context: MessageContext,
  ): Promise<void> {
    const caller = { orgId, actorType: 'user' as const, actorId: userId };
    const command = { caller, commandId: newCommandId(this.clock.now()) };
    await this.organizations.change(command, context, (state, at) => decide(state, { userId, at }));
  }

  #withinQuota(count: number, events: readonly OrganizationEvent[]): readonly OrganizationEvent[] {
    const max = this.config.organizationsPerUserMax;
    if (events.length === 0 || count < max) return events;
    const safeMessage = `You belong to ${max} organizations, as many as you may; leave some or ask the operator for more`;
    throw new AppError('QUOTA_EXCEEDED', { safeMessage });
  }
}
