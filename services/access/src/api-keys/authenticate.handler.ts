import { Controller, Inject } from '@nestjs/common';
import { authenticate, scopes, type ReplyOf, type RequestOf } from '#libs/contracts';
import { digestApiKey, parseApiKey, verifyApiKey } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock } from '#libs/kernel';
import { Handles } from '#libs/transport';
import { LRUCache } from 'lru-cache';
import { CLOCK } from '../tokens';
import { API_KEY_PEPPER, ApiKeys, type KnownKey } from './api-keys';

type Reply = ReplyOf<typeof authenticate>;

@Controller()
export class AuthenticateHandler {
  /** By the digest of its text: the id of a key and the stored hash that it was found to have. */
  readonly #verified = new LRUCache<string, { readonly id: string; readonly hash: string }>({ max: 10_000 });

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly apiKeys: ApiKeys,
    private readonly keyring: Keyring,
  ) {}

  /** Every refusal is the same to the caller, and takes the same work once the key is well-formed. */
  @Handles(authenticate)
  async handle({ credential }: RequestOf<typeof authenticate>): Promise<Reply> {
    const digest = digestApiKey(credential);
    const verified = this.#verified.get(digest);
    const remembered = verified && (await this.apiKeys.find(verified.id));
    if (remembered && remembered.key.hash === verified.hash && !this.expired(remembered))
      return grant(remembered);

    const presented = parseApiKey(credential);
    if (!presented) throw new AppError('AUTHENTICATION_REQUIRED');
    const known = await this.apiKeys.find(presented.id);
    const pepper = await this.keyring.instanceKey(API_KEY_PEPPER);
    const isRight = verifyApiKey(pepper, presented, known?.key.hash);
    if (!isRight || !known || this.expired(known)) {
      if (known) await this.apiKeys.pretendUnknown(presented.id);
      throw new AppError('AUTHENTICATION_REQUIRED');
    }
    this.#verified.set(digest, { id: presented.id, hash: known.key.hash });
    return grant(known);
  }

  private expired({ key: { expiresAt } }: KnownKey): boolean {
    return expiresAt !== null && Date.parse(expiresAt) <= this.clock.now().getTime();
  }
}

function grant({ orgId, key }: KnownKey): Reply {
  return {
    caller: { orgId, actorType: 'api-key', actorId: key.keyId },
    scopes: scopes.filter((scope) => key.scopes.includes(scope)),
  };
}
