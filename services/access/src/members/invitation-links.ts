import { Inject, Injectable } from '@nestjs/common';
import { constantTimeEqual, hashInvitationToken, invitationToken } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { Redacted } from '#libs/kernel';
import { PUBLIC_URL } from '../tokens';

const TOKEN_BYTES = 32;

/** Makes the links of invitations. Only the hash of a link's token is stored. */
@Injectable()
export class InvitationLinks {
  constructor(
    @Inject(PUBLIC_URL) private readonly publicUrl: () => string,
    private readonly keyring: Keyring,
  ) {}

  /** Gives the link of an invitation, which is the same for the same seed, and the hash to store. */
  async make(invitationId: string, seed: string): Promise<{ link: Redacted<string>; hash: string }> {
    const token = invitationToken(invitationId, await this.keyring.derive('invitation', seed, TOKEN_BYTES));
    // A browser sends the part behind `#` to no server, so no server on the way logs the token.
    const link = new Redacted(`${this.publicUrl()}/accept-invitation#token=${token.text.expose()}`);
    return { link, hash: await this.hash(token) };
  }

  async hash(token: ReturnType<typeof invitationToken>): Promise<string> {
    return hashInvitationToken(await this.keyring.instanceKey('api-key-pepper'), token);
  }
}

/** Compares two hashes in constant time. */
export function isSameHash(a: string, b: string): boolean {
  return constantTimeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}
