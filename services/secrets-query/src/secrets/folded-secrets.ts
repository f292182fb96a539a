import { Inject, Injectable } from '@nestjs/common';
import { StreamFolds, type EventStore, type FollowedLog } from '#libs/event-store';
import {
  isLiveAs,
  nameHolder,
  secretFold,
  secretNameStream,
  secretStream,
  type LiveSecret,
  type SealedValue,
  type SecretEvent,
  type SecretState,
} from '#libs/events';
import { Keyring } from '#libs/key-store';
import { AppError, isId } from '#libs/kernel';
import { EVENT_STORE, FOLLOWED_LOG } from '../tokens';

type FoundSecret = LiveSecret & { readonly revision: string };

type WithValue = Extract<SecretEvent, { type: 'SecretUpdated' }>['data'];

/** Finds a secret by folding its own stream, so that no call waits for a projection or trusts one. */
@Injectable()
export class FoldedSecrets {
  readonly #secrets: StreamFolds<SecretState>;

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly keyring: Keyring,
    @Inject(FOLLOWED_LOG) log: FollowedLog | undefined,
  ) {
    this.#secrets = new StreamFolds(events, secretFold, log);
  }

  /** `ref` is an id or a name. Fails with NOT_FOUND, also for a deleted secret. */
  async find(orgId: string, ref: string): Promise<FoundSecret> {
    const found = await this.#lookUp(orgId, ref);
    if (!found) throw new AppError('NOT_FOUND');
    return found;
  }

  /** The sealed value of one version; a replaced one is in its event. Fails with NOT_FOUND or INTEGRITY_ERROR. */
  async sealed(
    orgId: string,
    { secret, versions, sealed }: LiveSecret,
    version: number,
  ): Promise<SealedValue> {
    if (version === secret.version) return sealed;
    const found = versions.find((candidate) => candidate.version === version);
    if (!found) throw new AppError('NOT_FOUND');
    const from = String(found.at);
    const [event] = await this.events.read({ orgId, stream: secretStream(orgId, secret.id), from, limit: 1 });
    const data = event?.data as Partial<WithValue> | undefined;
    if (data?.secret?.version !== version || !data.sealed) throw new AppError('INTEGRITY_ERROR');
    return data.sealed;
  }

  /** Gives the id that `ref` stands for. An id is not looked up. Null when no secret has the name. */
  async idOf(orgId: string, ref: string): Promise<string | null> {
    return isId('sec', ref) ? ref : ((await this.#lookUp(orgId, ref))?.secret.id ?? null);
  }

  async #lookUp(orgId: string, ref: string): Promise<FoundSecret | null> {
    const secretId = isId('sec', ref) ? ref : await this.#holderOf(orgId, ref);
    if (secretId === null) return null;
    const stream = secretStream(orgId, secretId);
    const { state, revision } = await this.#secrets.of({ orgId, stream });
    return isLiveAs(state, ref) && revision !== null ? { ...state, revision } : null;
  }

  /** Gives the only secret that can have the name. It need not have it. */
  async #holderOf(orgId: string, name: string): Promise<string | null> {
    const stream = secretNameStream(orgId, await this.keyring.secretNameDigest(orgId, name));
    const [last] = await this.events.read({ orgId, stream, direction: 'backwards', limit: 1 });
    return nameHolder(last)?.secretId ?? null;
  }
}
