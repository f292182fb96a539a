import { Injectable } from '@nestjs/common';
import { apiKeyFrom, hashApiKey } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import type { Redacted } from '#libs/kernel';

const SECRET_BYTES = 52;

/** Derives the text of a key from a seed. While the seed is stored, a repeated request gets the same key text again. */
@Injectable()
export class NewApiKeys {
  constructor(private readonly keyring: Keyring) {}

  async make(keyId: string, seed: string): Promise<{ text: Redacted<string>; hash: string }> {
    const key = apiKeyFrom(keyId, await this.keyring.derive('api-key', seed, SECRET_BYTES));
    const pepper = await this.keyring.instanceKey('api-key-pepper');
    return { text: key.text, hash: hashApiKey(pepper, key) };
  }
}
