import { Inject, Injectable } from '@nestjs/common';
import { presentSecret, type createSecret, type ReplyOf } from '#libs/contracts';
import {
  StreamFolds,
  type AppendRequest,
  type Appended,
  type EventMetadata,
  type EventStore,
} from '#libs/event-store';
import { secretFold, secretStream, type SealedValue, type SecretEvent, type SecretState } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { isAppError } from '#libs/kernel';
import { EVENT_STORE } from '../tokens';

export type SecretWritten = ReplyOf<typeof createSecret>;

interface SecretRef {
  readonly orgId: string;
  readonly secretId: string;
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

  /** The secret as it stands, and as it stood right after `commandId` changed it, if it ever did. */
  async load({ orgId, secretId }: SecretRef, commandId: string) {
    return this.#secrets.of({ orgId, stream: secretStream(orgId, secretId), commandId });
  }

  /** The secret as it was when it was last seen here, unless the command is known to have changed it; asks nobody. */
  remembered({ orgId, secretId }: SecretRef, commandId: string) {
    return this.#secrets.remembered({ stream: secretStream(orgId, secretId), commandId });
  }

  /**
   * Appends at the exact revision. A data key that no event will ever name is destroyed again when the
   * append lost its race; after any other failure it may be in use and stays.
   */
  async append(
    request: Omit<AppendRequest, 'orgId' | 'stream'> & { secretId: string },
    sealed: SealedValue | undefined,
  ): Promise<Appended> {
    const { secretId, ...append } = request;
    const { orgId } = append.metadata;
    try {
      const request = { orgId, stream: secretStream(orgId, secretId), ...append };
      const appended = await this.events.append(request);
      this.#secrets.appended(request, appended);
      return appended;
    } catch (error) {
      if (sealed && isAppError(error, 'WRONG_REVISION')) await this.keyring.destroy([sealed.dataKeyId]);
      throw error;
    }
  }
}

/** The state after events that were just decided, without asking the log. */
export function evolved(
  state: SecretState,
  events: readonly SecretEvent[],
  metadata: EventMetadata,
): SecretState {
  return events.reduce((before, event) => secretFold.evolve(before, { ...event, metadata }), state);
}

/** The answer to a write: the secret after it, and where that stands. */
export function written(
  state: SecretState,
  at: { readonly revision: string; readonly position: string },
  lastReadAt: string | null,
): SecretWritten {
  if (!('secret' in state)) throw new Error('A write must leave a secret behind');
  return { data: presentSecret(state.secret, lastReadAt), revision: at.revision, position: at.position };
}
