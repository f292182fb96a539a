import { Injectable } from '@nestjs/common';
import { keyedHash } from '#libs/crypto';
import { Keyring } from '#libs/key-store';

type Kind = 'email' | 'lockout' | 'oidc-subject' | 'oidc-flow';

/** What stands for something in the id of a record, or for something that must not be guessed. */
@Injectable()
export class Pseudonyms {
  constructor(private readonly keyring: Keyring) {}

  /** 64 hexadecimal digits; they tell nothing to who has the stores but not the keys. */
  async of(kind: Kind, ...parts: readonly string[]): Promise<string> {
    const key = await this.keyring.instanceKey('sign-in');
    return keyedHash(key, `sv/v1/pseudonym/${kind}`, ...parts).toString('hex');
  }
}
