import { Inject, Injectable } from '@nestjs/common';
import { eventMetadata, type EventStore } from '#libs/event-store';
import { accessStream, type AccessEvent } from '#libs/events';
import { newCommandId, type Clock } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import { CLOCK, EVENT_STORE, PRODUCER } from '../tokens';
import type { User } from '../users/users';

/** Where a request came from, and which it was. */
export interface Origin {
  readonly address: string;
  readonly userAgent: string | null;
  readonly correlationId: string;
}

/** The origin of the request that a message came with. */
export function originOf(
  { address, userAgent }: Omit<Origin, 'correlationId'>,
  { correlationId }: MessageContext,
): Origin {
  return { address, userAgent, correlationId };
}

/** Whose trail it is. */
export interface Person {
  readonly userId: string;
  readonly personalOrgId: string;
}

/** Whose trail a record about this user goes to. The organization is the user's own; a request may be for another. */
export function personOf({ id, personalOrgId }: User): Person {
  return { userId: id, personalOrgId };
}

type Recorded = Extract<AccessEvent, { type: 'SignedIn' | 'SignedOut' | 'CredentialChanged' }>;
/** Without what the trail adds: when and from where. */
type Told<E> = E extends { type: infer T; data: infer D }
  ? { readonly type: T; readonly data: Omit<D, 'address' | 'userAgent' | `${string}At`> }
  : never;
type SignedOut = Extract<Told<Recorded>, { type: 'SignedOut' }>['data'];

const TIME_FIELD = {
  SignedIn: 'signedInAt',
  SignedOut: 'signedOutAt',
  CredentialChanged: 'changedAt',
} as const;

/** Records of who signed in and out, and how they can: in the access stream of the person's own organization, which ages out. */
@Injectable()
export class SignInTrail {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_STORE) private readonly events: EventStore,
  ) {}

  /**
   * Durable when it resolves. Fails with STORE_UNAVAILABLE; what it is about must then not happen, so it is recorded first
   * (case E3). A crash in between leaves the record of what did not happen, which is the lesser evil.
   */
  async record(person: Person, origin: Origin, { type, data }: Told<Recorded>): Promise<void> {
    const now = this.clock.now();
    const at = now.toISOString();
    const { address, userAgent, correlationId } = origin;
    const { userId, personalOrgId: orgId } = person;
    const caller = { orgId, actorType: 'user', actorId: userId };
    await this.events.append({
      orgId,
      stream: accessStream(orgId, at),
      events: [{ type, data: { ...data, [TIME_FIELD[type]]: at, address, userAgent } }],
      expected: 'any',
      metadata: eventMetadata({
        caller,
        commandId: newCommandId(now),
        correlationId,
        at,
        producer: PRODUCER,
      }),
    });
  }

  /** Records that sessions are about to end; nothing when there are none. Fails like `record`. */
  async signedOut(person: Person, origin: Origin, data: SignedOut): Promise<void> {
    if (data.sessionIds.length > 0) await this.record(person, origin, { type: 'SignedOut', data });
  }
}
