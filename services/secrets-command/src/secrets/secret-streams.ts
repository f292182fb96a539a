import { Inject, Injectable } from '@nestjs/common';
import { presentSecret, type createSecret, type ReplyOf } from '#libs/contracts';
import {
  foldStream,
  StreamFolds,
  type AppendRequest,
  type Appended,
  type EventMetadata,
  type EventStore,
  type Expected,
  type Folded,
} from '#libs/event-store';
import { secretFold, secretStream, type SealedValue, type SecretEvent, type SecretState } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { isAppError } from '#libs/kernel';
import { EVENT_STORE } from '../tokens';
import { dataKeyIds } from './secret.decider';

export type SecretWritten = ReplyOf<typeof createSecret>;

interface SecretRef {
  readonly orgId: string;
  readonly secretId: string;
}

/** A secret as it stood right after an event. */
type SecretThen = NonNullable<Folded<SecretState>['applied']>;

interface SecretAppend {
  readonly secretId: string;
  readonly before: SecretState;
  readonly events: readonly SecretEvent[];
  readonly expected: Expected;
  readonly metadata: EventMetadata;
  /** True when the command has an Idempotency-Key. Without one it is never repeated. */
  readonly mayBeRepeated: boolean;
}

/** Reads and writes the stream of one secret. */
@Injectable()
export class SecretStreams {
  readonly #secrets: StreamFolds<SecretState>;

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly keyring: Keyring,
  ) {
    this.#secrets = new StreamFolds(events, secretFold);
  }

  /** Gives the current secret, and the secret right after `commandId` changed it, if it ever did. */
  async load({ orgId, secretId }: SecretRef, commandId: string) {
    return this.#secrets.of({ orgId, stream: secretStream(orgId, secretId), commandId });
  }

  /** Gives the secret as last seen here, without asking the log. Undefined if unknown or changed by the command. */
  remembered({ orgId, secretId }: SecretRef, commandId: string) {
    return this.#secrets.remembered({ stream: secretStream(orgId, secretId), commandId });
  }

  /** Gives the secret as the log has it, whatever is remembered here. It is for steps that cannot be undone. */
  async inLog({ orgId, secretId }: SecretRef) {
    return foldStream(this.events, { orgId, stream: secretStream(orgId, secretId) }, secretFold);
  }

  /**
   * Appends a command's events, and gives the secret right after them. When another process may have carried out the
   * same command, with a time and key of its own, the secret is read from the log, because some engines do not tell
   * that an append was a repetition.
   */
  async change(
    { before, mayBeRepeated, ...append }: SecretAppend,
    sealed: SealedValue | undefined,
  ): Promise<SecretThen> {
    const { secretId, events, metadata } = append;
    const { orgId } = metadata;
    const appended = await this.append(append, sealed);
    if (mayBeRepeated || appended.duplicate) return this.#changedInLog({ orgId, secretId }, metadata, sealed);
    this.#secrets.appended({ orgId, stream: secretStream(orgId, secretId), events, metadata }, appended);
    return { ...appended, state: evolved(before, events, metadata) };
  }

  /**
   * Appends at the exact revision. When the append loses its race, the data key is destroyed, because no event will
   * name it. After any other failure the key may be in use, and stays.
   */
  async append(
    { secretId, ...append }: Omit<AppendRequest, 'orgId' | 'stream'> & { secretId: string },
    sealed: SealedValue | undefined,
  ): Promise<Appended> {
    const { orgId } = append.metadata;
    try {
      return await this.events.append({ orgId, stream: secretStream(orgId, secretId), ...append });
    } catch (error) {
      if (sealed && isAppError(error, 'WRONG_REVISION')) await this.keyring.destroy([sealed.dataKeyId]);
      throw error;
    }
  }

  async #changedInLog(
    { orgId, secretId }: SecretRef,
    { commandId }: EventMetadata,
    sealed: SealedValue | undefined,
  ): Promise<SecretThen> {
    const applied = await this.#secrets.behind({ orgId, stream: secretStream(orgId, secretId), commandId });
    const isInVain = sealed && !dataKeyIds(applied.state).includes(sealed.dataKeyId);
    if (isInVain) await this.keyring.destroy([sealed.dataKeyId]);
    return applied;
  }
}

/** The state after events that were just decided, without asking the log. */
function evolved(state: SecretState, events: readonly SecretEvent[], metadata: EventMetadata): SecretState {
  return events.reduce((before, event) => secretFold.evolve(before, { ...event, metadata }), state);
}

/** The answer to a write: the secret after it, with revision and position. */
export function written(
  state: SecretState,
  at: { readonly revision: string; readonly position: string },
  lastReadAt: string | null,
): SecretWritten {
  if (!('secret' in state)) throw new Error('A write must leave a secret behind');
  return { data: presentSecret(state.secret, lastReadAt), revision: at.revision, position: at.position };
}
