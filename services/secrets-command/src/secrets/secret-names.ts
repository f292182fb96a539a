import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import {
  foldStream,
  type AppendRequest,
  type EventMetadata,
  type EventStore,
  type Expected,
} from '#libs/event-store';
import {
  nameHolder,
  secretFold,
  secretNameStream,
  secretStream,
  type SealedValue,
  type SecretEvent,
  type SecretNameEvent,
} from '#libs/events';
import { Keyring } from '#libs/key-store';
import {
  AppError,
  comparePositions,
  isAppError,
  isId,
  newCommandId,
  type Clock,
  type Position,
} from '#libs/kernel';
import { DEADLINE_MS } from '#libs/transport';
import { CLOCK, EVENT_STORE } from '../tokens';

/**
 * The time that a command has between its claim and the event that needs it. By then its caller has been told to try
 * again. The second on top is for clocks that differ. Too short a time could cost a slow command its name, but never
 * give the name to two, because the fence prevents that.
 */
const CLAIM_GRACE_MS = DEADLINE_MS + 1_000;
/**
 * The pauses in which a command waits for another one that has claimed the name. The other needs milliseconds, unless
 * it died. All pauses together leave the rest of the deadline for the command's own work.
 */
const PAUSES_MS = [5, 10, 20, 40, 80, 160, 320, 640];

interface Claim {
  readonly orgId: string;
  readonly name: string;
  readonly secretId: string;
}

/**
 * Unique names without races (ADR 4). The secret is loaded, then the name is claimed at the exact revision of the
 * name's stream, then the secret is changed at the revision that was loaded. A claim outlives its command only when the
 * command failed or died half-way. Such a claim is taken over after the late command was fenced off.
 */
@Injectable()
export class SecretNames {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keyring: Keyring,
  ) {}

  /** The only id that `ref`, an id or a name, can stand for (see `isLiveAs`); null for a free name. */
  async resolve(orgId: string, ref: string): Promise<string | null> {
    if (isId('sec', ref)) return ref;
    const { last } = await this.#tail(orgId, ref);
    return nameHolder(last)?.secretId ?? null;
  }

  /**
   * Claims a name for a secret that was loaded before, or is to be made. Gives the result of `seal`, which runs while
   * the claim goes to the disk. When the claim is lost, the sealed value's data key is destroyed. Fails with
   * SECRET_NAME_TAKEN when a secret has the name, or with CONCURRENT_CHANGE when another command's claim stays
   * undecided.
   */
  async claim<S extends SealedValue | undefined>(
    claim: Claim,
    metadata: EventMetadata,
    seal: () => Promise<S>,
  ): Promise<S> {
    // With an If-Match, too, because the secret's revision is checked when the secret is changed.
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#claimOnce(claim, metadata, seal);
      } catch (error) {
        if (!isAppError(error, 'WRONG_REVISION')) throw error;
      }
      const pauseMs = PAUSES_MS[attempt];
      if (pauseMs === undefined) throw new AppError('CONCURRENT_CHANGE');
      await delay(pauseMs);
    }
  }

  /**
   * Frees a name that this secret gave up with the event at `givenUpAt`. A later claim is of a command that wants the
   * name anew, so it stays. When another command is faster, the name is claimed or free already.
   */
  async release(claim: Claim, metadata: EventMetadata, givenUpAt: Position): Promise<void> {
    const { stream, last } = await this.#tail(claim.orgId, claim.name);
    if (!last || nameHolder(last)?.secretId !== claim.secretId) return;
    if (comparePositions(last.position, givenUpAt) > 0) return;
    const event: SecretNameEvent = { type: 'SecretNameReleased', data: { secretId: claim.secretId } };
    await this.#tryAppend({ stream, events: [event], expected: { revision: last.revision }, metadata });
  }

  /** Fails with WRONG_REVISION when another command was faster. The caller then tries again. */
  async #claimOnce<S extends SealedValue | undefined>(
    claim: Claim,
    { occurredAt, ...origin }: EventMetadata,
    seal: () => Promise<S>,
  ): Promise<S> {
    // A command may claim a name more than once, and every claim must count. So each attempt has an id of its own, and
    // the log never takes it for a repetition. It may be repeated all the same, because the streams tell who holds the
    // name.
    const metadata = { ...origin, occurredAt, commandId: newCommandId(this.clock.now()) };
    const { stream, last } = await this.#tail(claim.orgId, claim.name);
    const holder = nameHolder(last);
    if (holder && holder.secretId !== claim.secretId) await this.#takeOver(holder, claim, metadata);

    // Even when this secret holds the name, because an older claim may be about to be released or taken over.
    const claimed = { secretId: claim.secretId, claimedAt: occurredAt };
    const event: SecretNameEvent = { type: 'SecretNameClaimed', data: claimed };
    const expected: Expected = last ? { revision: last.revision } : 'no stream';
    const claiming = this.#tryAppend({ stream, events: [event], expected, metadata });
    const [won, sealed] = await Promise.all([claiming, seal()]);
    if (won) return sealed;
    const winner = nameHolder((await this.#tail(claim.orgId, claim.name)).last);
    // Another command has claimed it for this secret since it was read above, which is as good as a claim of our own.
    if (winner?.secretId === claim.secretId) return sealed;
    if (sealed) await this.keyring.destroy([sealed.dataKeyId]);
    throw new AppError('WRONG_REVISION');
  }

  /**
   * Ends the holder's right to the name. A holder between its claim and its next event has CLAIM_GRACE_MS. After that
   * an event in its stream makes its late append fail. A claim further ahead of the clock than that was made by a wrong
   * clock, and is taken over at once. Fails with SECRET_NAME_TAKEN, or with WRONG_REVISION while the holder has time or
   * when it was faster.
   */
  async #takeOver(
    holder: { secretId: string; claimedAt: string },
    { orgId, name }: Claim,
    metadata: EventMetadata,
  ): Promise<void> {
    const stream = secretStream(orgId, holder.secretId);
    const { state, expected } = await foldStream(this.events, { orgId, stream }, secretFold);
    if (state.status === 'live' && state.secret.name === name) throw new AppError('SECRET_NAME_TAKEN');
    if (state.status !== 'live' && state.status !== 'absent') return;
    const ageMs = this.clock.now().getTime() - Date.parse(holder.claimedAt);
    if (Math.abs(ageMs) < CLAIM_GRACE_MS) throw new AppError('WRONG_REVISION');

    const fence: SecretEvent =
      state.status === 'live'
        ? { type: 'SecretRenamed', data: { secret: state.secret, previousName: state.secret.name } }
        : { type: 'SecretCreationAbandoned', data: { secretId: holder.secretId } };
    await this.events.append({ orgId, stream, events: [fence], expected, metadata });
  }

  async #tail(orgId: string, name: string) {
    const stream = secretNameStream(orgId, await this.keyring.secretNameDigest(orgId, name));
    const [last] = await this.events.read({ orgId, stream, direction: 'backwards', limit: 1 });
    return { stream, last };
  }

  async #tryAppend(append: Omit<AppendRequest, 'orgId'>): Promise<boolean> {
    try {
      await this.events.append({ orgId: append.metadata.orgId, ...append });
      return true;
    } catch (error) {
      if (isAppError(error, 'WRONG_REVISION')) return false;
      throw error;
    }
  }
}
