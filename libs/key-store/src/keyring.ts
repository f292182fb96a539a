import { LRUCache } from 'lru-cache';
import {
  keyedHash,
  newDataKeyId,
  newKey,
  openEnvelope,
  sealEnvelope,
  unwrapKey,
  wrapKey,
  type EnvelopeBinding,
} from '#libs/crypto';
import { AppError, Redacted, type Clock } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import { countRowsUnder, settleRootKeys, unwrapUnderRoot, wrapUnderRoot } from './root-keys';
import type { RootKeyPair, RootKeys } from './root-keys';

const ORGANIZATION_KEYS_MAX = 1_000;
/** How long a process can go on with an organization key that was replaced or destroyed in the store. */
const ORGANIZATION_KEY_TTL_MS = 5 * 60_000;
const FIRST_GENERATION = 1;
/** In UTF-8 half a character turns into another one: the value would come back changed. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Keys of the installation itself, each for one purpose. */
export type InstanceKeyName = 'api-key-pepper' | 'secret-name' | 'idempotency' | 'sign-in' | 'totp';

/** A sealed value as events carry it. */
export interface Sealed {
  /** Base64 of an envelope. */
  readonly envelope: string;
  readonly dataKeyId: string;
}

/**
 * The keys between the root key and a value (design: keys and envelopes). Instance and organization keys stay
 * unwrapped in memory, data keys and values never. Failures: STORE_UNAVAILABLE (try again) and
 * INTEGRITY_ERROR (something does not open; what, is not said).
 */
export class Keyring {
  readonly #instanceKeys = new Map<InstanceKeyName, Buffer>();
  readonly #organizationKeys: LRUCache<string, Buffer>;
  // Private to the engine, not only to the compiler: no logger that prints a keyring prints a key.
  readonly #roots: RootKeys;

  private constructor(
    private readonly keys: KeyStore,
    roots: RootKeys,
    private readonly clock: Clock,
  ) {
    this.#roots = roots;
    this.#organizationKeys = new LRUCache({
      max: ORGANIZATION_KEYS_MAX,
      ttl: ORGANIZATION_KEY_TTL_MS,
      ttlResolution: 0,
      perf: { now: () => clock.now().getTime() },
    });
  }

  /** Fails with ROOT_KEY_INVALID when the root key is not the store's. A rotation is finished when it resolves. */
  static async open(options: { keys: KeyStore; rootKey: RootKeyPair; clock: Clock }): Promise<Keyring> {
    const roots = await settleRootKeys(options.keys, options.rootKey);
    return new Keyring(options.keys, roots, options.clock);
  }

  /** True once a value was sealed for anybody. */
  async hasOrganizationKeys(): Promise<boolean> {
    return (await this.keys.count({ purpose: 'organization' })) > 0;
  }

  /** True when the key was made before; asking does not make it. */
  async hasInstanceKey(name: InstanceKeyName): Promise<boolean> {
    return (await this.keys.get(name)) !== null;
  }

  /** Rejects with STORE_UNAVAILABLE when the key store cannot serve. */
  ping(): Promise<void> {
    return this.keys.ping();
  }

  /** Made when first asked for; the same for ever and in every process. */
  async instanceKey(name: InstanceKeyName): Promise<Uint8Array> {
    const known = this.#instanceKeys.get(name);
    if (known) return known;
    const key = await this.findOrMake({ purpose: 'instance', id: name, orgId: '' });
    this.#instanceKeys.set(name, key);
    return key;
  }

  /** Seals a value for one version of one secret. Its data key is durable before this resolves. */
  // eslint-disable-next-line no-restricted-syntax -- where, then what: the same order as in `open`
  async seal(orgId: string, secretId: string, version: number, value: Redacted<string>): Promise<Sealed> {
    const parent = `${orgId}.${FIRST_GENERATION}`;
    const parentKey = this.#organizationKeys.get(parent) ?? (await this.writingKey(orgId, parent));
    const { row, envelope } = this.sealUnder(
      { id: parent, key: parentKey },
      { orgId, secretId, version },
      value,
    );
    // False would be an id drawn twice: 80 random bits within one millisecond.
    if (!(await this.keys.insert(row))) throw new AppError('STORE_UNAVAILABLE');
    return { envelope, dataKeyId: row.id };
  }

  /** Opens what `seal` gave for this very version. */
  // eslint-disable-next-line no-restricted-syntax -- where, then what: the same order as in `seal`
  async open(orgId: string, secretId: string, version: number, sealed: Sealed): Promise<Redacted<string>> {
    const row = await this.keys.get(sealed.dataKeyId);
    if (!row) throw new AppError('INTEGRITY_ERROR');
    const parentKey = this.#organizationKeys.get(row.parent) ?? (await this.readingKey(orgId, row.parent));
    return openUnder({ row, parentKey }, { orgId, secretId, version }, sealed);
  }

  /** What stands for a name in the log, 64 hexadecimal digits: names may be secret, stream names are not. */
  async secretNameDigest(orgId: string, name: string): Promise<string> {
    return keyedHash(await this.instanceKey('secret-name'), 'sv/v1/secret-name', orgId, name).toString('hex');
  }

  /** What stands for a request when a repetition is looked for, 64 hexadecimal digits; tells nothing of its values. */
  async fingerprint(parts: readonly (string | Redacted<string>)[]): Promise<string> {
    const texts = parts.map((part) => (typeof part === 'string' ? part : part.expose()));
    return keyedHash(await this.instanceKey('idempotency'), 'sv/v1/idempotency', ...texts).toString('hex');
  }

  /**
   * 1 to 64 bytes that nobody can guess without this installation's keys, the same for the same purpose and seed: a
   * credential that must be given again for a while, and be stored nowhere.
   */
  async derive(purpose: 'api-key' | 'invitation' | 'sign-up', seed: string, bytes: number): Promise<Buffer> {
    const key = await this.instanceKey('idempotency');
    const block = (counter: number) => keyedHash(key, `sv/v1/derived/${purpose}`, seed, counter);
    return Buffer.concat([block(1), block(2)]).subarray(0, bytes);
  }

  /** What was sealed under these data keys is unreadable from here on, for ever. Gives how many were there. */
  async destroy(dataKeyIds: readonly string[]): Promise<number> {
    return this.keys.destroy(dataKeyIds);
  }

  /** Keys that a rotation had to leave on the previous root key because they are damaged: above zero, somebody must look. */
  async countDamaged(): Promise<number> {
    return this.#roots.previous ? countRowsUnder(this.keys, this.#roots.previous.fingerprint) : 0;
  }

  // Synchronous, from the parent key in hand to the bytes: no plaintext key waits for anything.
  private sealUnder(parent: { id: string; key: Buffer }, binding: EnvelopeBinding, value: Redacted<string>) {
    const text = value.expose();
    if (LONE_SURROGATE.test(text)) throw new AppError('VALIDATION_FAILED');
    const now = this.clock.now();
    const plaintext = Buffer.from(text);
    const dataKey = newKey();
    const place = dataKeyPlace(newDataKeyId(now), parent.id, binding);
    const wrapped = wrapKey(dataKey, parent.key, place);
    const envelope = sealEnvelope({ dataKey, dataKeyId: place.id, binding, plaintext }).toString('base64');
    dataKey.fill(0);
    plaintext.fill(0);
    return { envelope, row: { ...place, createdAt: now.toISOString(), wrapped } };
  }

  private async writingKey(orgId: string, id: string): Promise<Buffer> {
    const key = await this.findOrMake({ purpose: 'organization', id, orgId });
    this.#organizationKeys.set(id, key);
    return key;
  }

  /** Never made here: a key that is missing when there is something to open is a loss, not a beginning. */
  private async readingKey(orgId: string, id: string): Promise<Buffer> {
    const row = await this.keys.get(id);
    if (!row) throw new AppError('INTEGRITY_ERROR');
    // What is asked for, not what the row says it is: a row of another organization does not unwrap so.
    const key = unwrapUnderRoot({ ...row, purpose: 'organization', id, orgId }, this.#roots);
    this.#organizationKeys.set(id, key);
    return key;
  }

  private async findOrMake(place: Pick<WrappedKey, 'purpose' | 'id' | 'orgId'>): Promise<Buffer> {
    const found = (await this.keys.get(place.id)) ?? (await this.make(place));
    return unwrapUnderRoot({ ...found, ...place }, this.#roots);
  }

  private async make(place: Pick<WrappedKey, 'purpose' | 'id' | 'orgId'>): Promise<WrappedKey> {
    const state = await this.keys.rootKeyState();
    // Another process has rotated the root key: a key made under the old one would be lost together with it.
    if (state?.current !== this.#roots.current.fingerprint) throw new AppError('STORE_UNAVAILABLE');
    const binding = { ...place, secretId: '', generation: FIRST_GENERATION };
    const createdAt = this.clock.now().toISOString();
    const row = { ...binding, createdAt, ...wrapUnderRoot(newKey(), this.#roots, binding) };
    const made = (await this.keys.insert(row)) ? row : await this.keys.get(place.id);
    if (!made) throw new AppError('STORE_UNAVAILABLE');
    return made;
  }
}

function dataKeyPlace(id: string, parent: string, { orgId, secretId, version }: EnvelopeBinding) {
  return { purpose: 'data', id, parent, orgId, secretId, generation: version } as const;
}

function openUnder(
  { row, parentKey }: { row: WrappedKey; parentKey: Buffer },
  binding: EnvelopeBinding,
  sealed: Sealed,
): Redacted<string> {
  const envelope = Buffer.from(sealed.envelope, 'base64');
  // The decoder skips what it does not know; what was appended to the text is damage too.
  if (envelope.toString('base64') !== sealed.envelope) throw new AppError('INTEGRITY_ERROR');
  const dataKeyId = sealed.dataKeyId;
  const dataKey = unwrapKey(row.wrapped, parentKey, dataKeyPlace(dataKeyId, row.parent, binding));
  const plaintext = openEnvelope({ dataKey, dataKeyId, binding, envelope });
  const value = new Redacted(plaintext.toString());
  dataKey.fill(0);
  plaintext.fill(0);
  return value;
}
