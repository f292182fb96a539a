import { Inject, Injectable } from '@nestjs/common';
import { eventMetadata, type EventStore } from '#libs/event-store';
import { accessStream, type AccessEvent } from '#libs/events';
import { newCommandId, type Clock } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import { CLOCK, EVENT_STORE, PRODUCER } from '../tokens';
import type { User } from '../users/users';

/** The client's address and user agent, and the id of its request. */
export interface Origin {
  readonly address: string;
  readonly userAgent: string | null;
  readonly correlationId: string;
}

/** Gives the origin of the request that a message belongs to. */
export function originOf(
  { address, userAgent }: Omit<Origin, 'correlationId'>,
  { correlationId }: MessageContext,
): Origin {
  return { address, userAgent, correlationId };
}

/** The person that a record is about. */
export interface Person {
  readonly userId: string;
  readonly personalOrgId: string;
}

/**
 * Gives the person of a user. Records go to the user's personal organization, even if the request names another one.
 */
export function personOf({ id, personalOrgId }: User): Person {
  return { userId: id, personalOrgId };
}

type Recorded = Extract<AccessEvent, { type: 'SignedIn' | 'SignedOut' | 'CredentialChanged' }>;
/** An event without the fields that the trail adds: the time, the address and the user agent. */
type Told<E> = E extends { type: infer T; data: infer D }
  ? { readonly type: T; readonly data: Omit<D, 'address' | 'userAgent' | `${string}At`> }
  : never;
type SignedOut = Extract<Told<Recorded>, { type: 'SignedOut' }>['data'];

const TIME_FIELD = {
  SignedIn: 'signedInAt',
  SignedOut: 'signedOutAt',
  CredentialChanged: 'changedAt',
} as const;

/**
 * Records sign-ins, sign-outs and changes of credentials, in the access streams of the person's personal organization,
 * which are removed after a time.
 */
@Injectable()
export class SignInTrail {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_STORE) private readonly events: EventStore,
  ) {}

  /**
   * Resolves when the record is durable. Fails with STORE_UNAVAILABLE, and the recorded action must then not happen
   * (case E3). A crash in between leaves a record of an action that did not happen, which is the lesser evil.
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

  /** Records that sessions are about to end. Without sessions it does nothing. Fails like `record`. */
  async signedOut(person: Person, origin: Origin, data: SignedOut): Promise<void> {
    if (data.sessionIds.length > 0) await this.record(person, origin, { type: 'SignedOut', data });
  }
}
