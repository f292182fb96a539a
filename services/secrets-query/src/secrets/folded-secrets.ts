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

/** Finds one secret by folding its own stream: what it says needs no waiting and trusts no projection. */
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

  /** The sealed value of one version. Those that were replaced lie in their events alone. Fails with NOT_FOUND. */
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

  /** The id that `ref` stands for; an id is taken as it is. Null when no secret has the name. */
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

  /** Who may have the name, but need not have it. */
  async #holderOf(orgId: string, name: string): Promise<string | null> {
    const stream = secretNameStream(orgId, await this.keyring.secretNameDigest(orgId, name));
    const [last] = await this.events.read({ orgId, stream, direction: 'backwards', limit: 1 });
    return nameHolder(last)?.secretId ?? null;
  }
}
