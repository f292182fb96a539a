import { Controller, Inject } from '@nestjs/common';
import { authenticate, scopes, type ReplyOf, type RequestOf } from '#libs/contracts';
import { digestApiKey, parseApiKey, verifyApiKey } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock, type Redacted } from '#libs/kernel';
import { Handles } from '#libs/transport';
import { LRUCache } from 'lru-cache';
import { CLOCK } from '../tokens';
import { API_KEY_PEPPER, ApiKeys, type KnownKey } from './api-keys';

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
  async handle({ credential }: RequestOf<typeof authenticate>): Promise<ReplyOf<typeof authenticate>> {
    const digest = digestApiKey(credential);
    const known = (await this.recognised(digest)) ?? (await this.verified(credential, digest));
    if (!known) throw new AppError('AUTHENTICATION_REQUIRED');
    return {
      caller: { orgId: known.orgId, actorType: 'api-key', actorId: known.key.keyId },
      scopes: scopes.filter((scope) => known.key.scopes.includes(scope)),
    };
  }

  /** A key that was verified before and is as good as it was then. */
  private async recognised(digest: string): Promise<KnownKey | null> {
    const verified = this.#verified.get(digest);
    const known = verified ? await this.apiKeys.find(verified.id) : null;
    return known?.key.hash === verified?.hash && known && !this.expired(known) ? known : null;
  }

  private async verified(credential: Redacted<string>, digest: string): Promise<KnownKey | null> {
    const presented = parseApiKey(credential);
    if (!presented) return null;
    const known = await this.apiKeys.find(presented.id);
    const pepper = await this.keyring.instanceKey(API_KEY_PEPPER);
    const isRight = verifyApiKey(pepper, presented, known?.key.hash);
    if (!known || !isRight || this.expired(known)) {
      if (known) await this.apiKeys.pretendUnknown(presented.id);
      return null;
    }
    this.#verified.set(digest, { id: presented.id, hash: known.key.hash });
    return known;
  }

  private expired({ key: { expiresAt } }: KnownKey): boolean {
    return expiresAt !== null && Date.parse(expiresAt) <= this.clock.now().getTime();
  }
}
