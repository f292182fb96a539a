import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Keyring } from '#libs/key-store';
import { Redacted } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { READ_STORE } from '../tokens';
import { Turns } from '../turns';
import { hashRecoveryCode, newRecoveryCode } from './recovery-code';
import { UsedCodes } from './used-codes';

const codesCollection = {
  name: 'recovery_codes_v1',
  fields: { userId: 'string' },
  indexes: [['userId']],
  countBy: ['userId'],
} as const satisfies CollectionSpec;

const CODES = 10;
const REMOVED_AT_ONCE = 100;

/**
 * Recovery codes, for a person who has lost the authenticator app. Each works once. Only their keyed hashes are stored.
 * Codes of one person are renewed one time after the other within a process; two processes that renew them at the same
 * moment may leave the codes of both.
 */
@Injectable()
export class RecoveryCodes implements OnModuleInit {
  readonly #turns = new Turns();

  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    private readonly usedCodes: UsedCodes,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(codesCollection);
  }

  /** Replaces all codes by ten new ones. Gives them separated by a space; they are never shown again. */
  async renew(userId: string): Promise<Redacted<string>> {
    return this.#turns.take(userId, async () => {
      await this.removeAll(userId);
      const codes = Array.from({ length: CODES }, newRecoveryCode);
      for (const code of codes)
        await this.reads.put(codesCollection.name, { id: await this.#hash(userId, code), userId });
      return new Redacted(codes.map((code) => code.expose()).join(' '));
    });
  }

  /** Uses up a code. Gives false for a code that does not exist or was used before. */
  async use(userId: string, code: Redacted<string>): Promise<boolean> {
    const id = await this.#hash(userId, code);
    if (!(await this.reads.get(codesCollection.name, id))) return false;
    const isFirst = await this.usedCodes.use(id);
    await this.reads.remove(codesCollection.name, id);
    return isFirst;
  }

  async left(userId: string): Promise<number> {
    return this.reads.count(codesCollection.name, { where: { userId } });
  }

  async removeAll(userId: string): Promise<void> {
    let ids: string[];
    do {
      const codes = await this.reads.find(codesCollection.name, {
        where: { userId },
        sort: { field: 'id', direction: 'ascending' },
        limit: REMOVED_AT_ONCE,
      });
      ids = codes.map(({ id }) => id);
      for (const id of ids) await this.reads.remove(codesCollection.name, id);
    } while (ids.length > 0);
  }

  async #hash(userId: string, code: Redacted<string>): Promise<string> {
    return hashRecoveryCode(await this.keyring.instanceKey('sign-in'), userId, code);
  }
}
