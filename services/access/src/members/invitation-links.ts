import { Inject, Injectable } from '@nestjs/common';
import { constantTimeEqual, hashInvitationToken, invitationToken } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { Redacted } from '#libs/kernel';
import type { AccessConfig } from '../config';
import { CONFIG } from '../tokens';

const TOKEN_BYTES = 32;

/** The links that let somebody in. Kept is the hash of their token alone. */
@Injectable()
export class InvitationLinks {
  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    private readonly keyring: Keyring,
  ) {}

  /** The link of an invitation, the same for the same seed, and the hash to keep. */
  async make(invitationId: string, seed: string): Promise<{ link: Redacted<string>; hash: string }> {
    const token = invitationToken(invitationId, await this.keyring.derive('invitation', seed, TOKEN_BYTES));
    // Behind the `#`, which a browser sends to nobody: no server on the way logs it.
    const link = new Redacted(`${this.config.publicUrl}/accept-invitation#token=${token.text.expose()}`);
    return { link, hash: await this.hash(token) };
  }

  async hash(token: ReturnType<typeof invitationToken>): Promise<string> {
    return hashInvitationToken(await this.keyring.instanceKey('api-key-pepper'), token);
  }
}

/** Compares two hashes without telling where they differ. */
export function isSameHash(a: string, b: string): boolean {
  return constantTimeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}
