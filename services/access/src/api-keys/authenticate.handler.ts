import { Controller, Inject } from '@nestjs/common';
import { authenticate, scopes, type ReplyOf, type RequestOf } from '#libs/contracts';
import { parseApiKey, verifyApiKey } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock } from '#libs/kernel';
import { Handles } from '#libs/transport';
import { CLOCK } from '../tokens';
import { API_KEY_PEPPER, ApiKeys } from './api-keys';

@Controller()
export class AuthenticateHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly apiKeys: ApiKeys,
    private readonly keyring: Keyring,
  ) {}

  /** Every refusal is the same to the caller, and takes the same work once the key is well-formed. */
  @Handles(authenticate)
  async handle({ credential }: RequestOf<typeof authenticate>): Promise<ReplyOf<typeof authenticate>> {
    const presented = parseApiKey(credential);
    if (!presented) throw new AppError('AUTHENTICATION_REQUIRED');
    const known = await this.apiKeys.find(presented.id);
    const pepper = await this.keyring.instanceKey(API_KEY_PEPPER);
    const verified = verifyApiKey(pepper, presented, known?.key.hash);
    if (!verified || !known || this.expired(known.key.expiresAt)) {
      if (known) await this.apiKeys.pretendUnknown(presented.id);
      throw new AppError('AUTHENTICATION_REQUIRED');
    }
    return {
      caller: { orgId: known.orgId, actorType: 'api-key', actorId: presented.id },
      scopes: scopes.filter((scope) => known.key.scopes.includes(scope)),
    };
  }

  private expired(expiresAt: string | null): boolean {
    return expiresAt !== null && Date.parse(expiresAt) <= this.clock.now().getTime();
  }
}
