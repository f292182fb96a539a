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
 * A command gets this long between its claim and the event that needs it: its caller has been told to try again by
 * then. The second on top is for clocks that differ between processes. Too short would only cost the slow command
 * its name, never give it to two: the fence settles that.
 */
const CLAIM_GRACE_MS = DEADLINE_MS + 1_000;
/**
 * How long somebody who wants a name waits for the command that has claimed it, pause by pause. It takes milliseconds if
 * it comes to an end at all; all pauses together leave the rest of the deadline to the newcomer's own work.
 */
const PAUSES_MS = [5, 10, 20, 40, 80, 160, 320, 640];

interface Claim {
  readonly orgId: string;
  readonly name: string;
  readonly secretId: string;
}

/**
 * Unique names without races (docs/adr/0004): a name belongs to the secret that was loaded, then claimed at the exact
 * revision of the name's stream, and then changed at the revision that was loaded. A claim outlives its command only
 * when that one failed or died half-way; such a claim is taken over after fencing the late command off.
 */
@Injectable()
export class SecretNames {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keyring: Keyring,
  ) {}

  /** The only id that `ref`, an id or a name, may stand for (`isLiveAs` tells); null when nobody holds the name. */
  async resolve(orgId: string, ref: string): Promise<string | null> {
    if (isId('sec', ref)) return ref;
    const { last } = await this.#tail(orgId, ref);
    return nameHolder(last)?.secretId ?? null;
  }

  /**
   * Takes a name for a secret that was loaded before, or is to be made. Gives what `seal` gives: it runs while the claim
   * goes to the disk, once nothing speaks against it. Of a claim that is lost, the data key is destroyed again. Fails with
   * SECRET_NAME_TAKEN when a secret has the name, CONCURRENT_CHANGE when nobody can tell yet what comes of another's claim.
   */
  async claim<S extends SealedValue | undefined>(
    claim: Claim,
    metadata: EventMetadata,
    seal: () => Promise<S>,
  ): Promise<S> {
    // Again also with an If-Match: that the secret stands as it was loaded is asked when it is changed.
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
   * Frees a name that this secret gave up with the event at `givenUpAt`. A claim behind that is of a command that has
   * seen the event and wants the name anew. Losing a race is fine: then the name is claimed or free already.
   */
  async release(claim: Claim, metadata: EventMetadata, givenUpAt: Position): Promise<void> {
    const { stream, last } = await this.#tail(claim.orgId, claim.name);
    if (!last || nameHolder(last)?.secretId !== claim.secretId) return;
    if (comparePositions(last.position, givenUpAt) > 0) return;
    const event: SecretNameEvent = { type: 'SecretNameReleased', data: { secretId: claim.secretId } };
    await this.#tryAppend({ stream, events: [event], expected: { revision: last.revision }, metadata });
  }

  /** Fails with WRONG_REVISION when somebody is faster: what comes of it is to be seen anew. */
  async #claimOnce<S extends SealedValue | undefined>(
    claim: Claim,
    { occurredAt, ...origin }: EventMetadata,
    seal: () => Promise<S>,
  ): Promise<S> {
    // A command may claim a name more than once, and every time must count. So each attempt has an id of its own: that
    // it may be repeated follows from what the streams say, and not from a repetition being recognised.
    const metadata = { ...origin, occurredAt, commandId: newCommandId(this.clock.now()) };
    const { stream, last } = await this.#tail(claim.orgId, claim.name);
    const holder = nameHolder(last);
    if (holder && holder.secretId !== claim.secretId) await this.#takeOver(holder, claim, metadata);

    // Also when this secret holds the name: an older claim may be about to be released, or taken over.
    const claimed = { secretId: claim.secretId, claimedAt: occurredAt };
    const event: SecretNameEvent = { type: 'SecretNameClaimed', data: claimed };
    const expected: Expected = last ? { revision: last.revision } : 'no stream';
    const claiming = this.#tryAppend({ stream, events: [event], expected, metadata });
    const [won, sealed] = await Promise.all([claiming, seal()]);
    if (won) return sealed;
    const winner = nameHolder((await this.#tail(claim.orgId, claim.name)).last);
    // Another command claimed it for this secret, behind what was read above: as good as a claim of our own.
    if (winner?.secretId === claim.secretId) return sealed;
    if (sealed) await this.keyring.destroy([sealed.dataKeyId]);
    throw new AppError('WRONG_REVISION');
  }

  /**
   * Sees to it that the holder has no right to the name any more. A holder that is between its claim and its next event
   * gets CLAIM_GRACE_MS; afterwards an event in its stream makes its late append fail. A claim further ahead of the clock
   * than that was made by a wrong one, and must not hold the name until that time. Fails with SECRET_NAME_TAKEN, and
   * with WRONG_REVISION while the holder has time, or when it came first.
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
