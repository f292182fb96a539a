import { Injectable } from '@nestjs/common';
import { keyedHash } from '#libs/crypto';
import { Keyring } from '#libs/key-store';

type Kind = 'email' | 'lockout' | 'oidc-subject' | 'oidc-flow';

/** Makes keyed hashes, for record ids that must not reveal a text and for values that nobody must guess. */
@Injectable()
export class Pseudonyms {
  constructor(private readonly keyring: Keyring) {}

  /** Gives 64 hexadecimal digits. They reveal nothing to somebody who has the stores without the keys. */
  async of(kind: Kind, ...parts: readonly string[]): Promise<string> {
    const key = await this.keyring.instanceKey('sign-in');
    return keyedHash(key, `sv/v1/pseudonym/${kind}`, ...parts).toString('hex');
  }
}
