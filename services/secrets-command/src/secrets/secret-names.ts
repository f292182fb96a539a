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
  type SecretEvent,
  type SecretNameEvent,
} from '#libs/events';
import { Keyring } from '#libs/key-store';
import { AppError, isAppError, isId, type Clock } from '#libs/kernel';
import { DEADLINE_MS } from '#libs/transport';
import { CLOCK, EVENT_STORE } from '../tokens';

/**
 * A command gets this long between its claim and the event that needs it: its caller has been told to try again by
 * then. The second on top is for clocks that differ between processes. Too short would only cost the slow command
 * its name, never give it to two: the fence settles that.
 */
const CLAIM_GRACE_MS = DEADLINE_MS + 1_000;

interface Claim {
  readonly orgId: string;
  readonly name: string;
  readonly secretId: string;
}

/**
 * Unique names without races (docs/adr/0004): whoever appends to the name's stream at its exact
 * revision holds the name. A claim outlives its command only when that command died half-way; such a
 * claim is taken over after fencing the late command off.
 */
@Injectable()
export class SecretNames {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keyring: Keyring,
  ) {}

  /** The id that `ref`, an id or a name, stands for; null when nobody holds the name. */
  async resolve(orgId: string, ref: string): Promise<string | null> {
    if (isId('sec', ref)) return ref;
    const { last } = await this.tail(orgId, ref);
    return nameHolder(last)?.secretId ?? null;
  }

  /**
   * Takes a name for a secret; taking it again is fine. Fails with SECRET_NAME_TAKEN. Gives what `meanwhile` gives:
   * it runs while the claim goes to the disk, once nothing speaks against it, and may be in vain.
   */
  async claim<T>(claim: Claim, metadata: EventMetadata, meanwhile: () => Promise<T>): Promise<T> {
    const { stream, last } = await this.tail(claim.orgId, claim.name);
    const holder = nameHolder(last);
    if (holder?.secretId === claim.secretId) return meanwhile();
    if (holder && !(await this.takeOver(holder, claim, metadata))) throw new AppError('SECRET_NAME_TAKEN');

    const claimed = { secretId: claim.secretId, claimedAt: metadata.occurredAt };
    const event: SecretNameEvent = { type: 'SecretNameClaimed', data: claimed };
    const expected: Expected = last ? { revision: last.revision } : 'no stream';
    const claiming = this.tryAppend({ stream, events: [event], expected, metadata });
    const [won, made] = await Promise.all([claiming, meanwhile()]);
    if (!won) throw new AppError('SECRET_NAME_TAKEN');
    return made;
  }

  /** Frees a name if this secret holds it. Losing a race is fine: then the name was taken over already. */
  async release(claim: Claim, metadata: EventMetadata): Promise<void> {
    const { stream, last } = await this.tail(claim.orgId, claim.name);
    if (!last || nameHolder(last)?.secretId !== claim.secretId) return;
    const event: SecretNameEvent = { type: 'SecretNameReleased', data: { secretId: claim.secretId } };
    await this.tryAppend({ stream, events: [event], expected: { revision: last.revision }, metadata });
  }

  /**
   * True when the holder has no right to the name any more. A holder that is between its claim and its
   * next event gets CLAIM_GRACE_MS; afterwards an event in its stream makes its late append fail.
   */
  private async takeOver(
    holder: { secretId: string; claimedAt: string },
    { orgId, name }: Claim,
    metadata: EventMetadata,
  ): Promise<boolean> {
    const stream = secretStream(orgId, holder.secretId);
    const { state, expected } = await foldStream(this.events, { orgId, stream }, secretFold);
    if (state.status === 'live' && state.secret.name === name) return false;
    if (state.status !== 'live' && state.status !== 'absent') return true;
    if (this.clock.now().getTime() - Date.parse(holder.claimedAt) < CLAIM_GRACE_MS) return false;

    const fence: SecretEvent =
      state.status === 'live'
        ? { type: 'SecretRenamed', data: { secret: state.secret, previousName: state.secret.name } }
        : { type: 'SecretCreationAbandoned', data: { secretId: holder.secretId } };
    return this.tryAppend({ stream, events: [fence], expected, metadata });
  }

  private async tail(orgId: string, name: string) {
    const stream = secretNameStream(orgId, await this.keyring.secretNameDigest(orgId, name));
    const [last] = await this.events.read({ orgId, stream, direction: 'backwards', limit: 1 });
    return { stream, last };
  }

  private async tryAppend(append: Omit<AppendRequest, 'orgId'>): Promise<boolean> {
    try {
      await this.events.append({ orgId: append.metadata.orgId, ...append });
      return true;
    } catch (error) {
      if (isAppError(error, 'WRONG_REVISION')) return false;
      throw error;
    }
  }
}
