import { createRequire } from 'node:module';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { newKey, unwrapKey, wrapKey } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { AppError, Redacted, type Clock } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import type * as otpauth from 'otpauth';
import { CLOCK, READ_STORE } from '../tokens';
import type { User } from '../users/users';
import { UsedCodes } from './used-codes';

const load = createRequire(__filename);

const totpCollection = { name: 'totp_v1', fields: {}, indexes: [] } as const satisfies CollectionSpec;

/** The parameters that every authenticator app supports (RFC 6238): 160 bits, SHA-1, six digits, 30 seconds. */
const SECRET_BYTES = 20;
const PERIOD_S = 30;
/** Clocks differ, so the previous and the next code are accepted as well. */
const WINDOW = 1;
const CODE = /^\d{6}$/;

/** Codes of authenticator apps. Each secret is wrapped under a key of the installation and bound to its person. */
@Injectable()
export class Totp implements OnModuleInit {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    private readonly usedCodes: UsedCodes,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(totpCollection);
  }

  /** Tells whether this person needs a code to sign in. */
  async isEnabled(userId: string): Promise<boolean> {
    return (await this.reads.get(totpCollection.name, userId)) !== null;
  }

  /** Gives a new secret, which is never shown again. No code is asked for until the secret is confirmed. */
  async enrol({ id, email }: User): Promise<{ secret: Redacted<string>; uri: Redacted<string> }> {
    const key = newKey();
    const wrapped = wrapKey(key, await this.#wrappingKey(), bindingOf(id)).toString('base64');
    await this.reads.put(totpCollection.name, { id: pendingOf(id), wrapped });
    const totp = generator(key, email);
    return { secret: new Redacted(totp.secret.base32), uri: new Redacted(totp.toString()) };
  }

  /**
   * Gives in `right` the wrapped secret that was enrolled last, for `enable`. A right code is used up. Fails with
   * NOT_FOUND when no secret waits for its code.
   */
  async judgeEnrolled(
    userId: string,
    code: Redacted<string>,
  ): Promise<{ right: string } | { wrong: 'wrong-code' }> {
    const pending = await this.reads.get(totpCollection.name, pendingOf(userId));
    if (!pending) {
      const safeMessage = 'No app waits to be confirmed; if one is in use already, renew the recovery codes';
      throw new AppError('NOT_FOUND', { safeMessage });
    }
    const wrapped = String(pending['wrapped']);
    return (await this.#isRight(userId, wrapped, code)) ? { right: wrapped } : { wrong: 'wrong-code' };
  }

  /** Enables the secret that `judgeEnrolled` gave, even if another one was enrolled since. */
  async enable(userId: string, wrapped: string): Promise<void> {
    await this.reads.put(totpCollection.name, { id: userId, wrapped });
    await this.reads.remove(totpCollection.name, pendingOf(userId));
  }

  /** Tells whether a code is right now and was not used before. */
  async verify(userId: string, code: Redacted<string>): Promise<boolean> {
    const record = await this.reads.get(totpCollection.name, userId);
    return record !== null && this.#isRight(userId, String(record['wrapped']), code);
  }

  async remove(userId: string): Promise<void> {
    for (const id of [userId, pendingOf(userId)]) await this.reads.remove(totpCollection.name, id);
  }

  async #isRight(userId: string, wrapped: string, code: Redacted<string>): Promise<boolean> {
    const token = code.expose().replaceAll(/\s/g, '');
    if (!CODE.test(token)) return false;
    const key = unwrapKey(Buffer.from(wrapped, 'base64'), await this.#wrappingKey(), bindingOf(userId));
    const timestamp = this.clock.now().getTime();
    const delta = generator(key, '').validate({ token, timestamp, window: WINDOW });
    if (delta === null) return false;
    // A code works once, so that somebody who has watched it being typed cannot use it again.
    return this.usedCodes.use(`${userId}.${Math.floor(timestamp / 1_000 / PERIOD_S) + delta}`);
  }

  async #wrappingKey(): Promise<Uint8Array> {
    return this.keyring.instanceKey('totp');
  }
}

function generator(key: Uint8Array, label: string): otpauth.TOTP {
  const { Secret, TOTP } = load('otpauth') as typeof otpauth;
  const secret = new Secret({ buffer: Uint8Array.from(key.subarray(0, SECRET_BYTES)).buffer });
  return new TOTP({ issuer: 'hklst', label, algorithm: 'SHA1', digits: 6, period: PERIOD_S, secret });
}

function pendingOf(userId: string): string {
  return `${userId}.pending`;
}

/** The wrapping binds a secret to its person: copied into another person's record, it does not unwrap. */
function bindingOf(userId: string) {
  return { purpose: 'totp', parent: 'totp', id: userId, generation: 1, orgId: '', secretId: '' };
}
