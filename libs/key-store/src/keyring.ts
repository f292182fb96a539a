import { setImmediate as nextTurn } from 'node:timers/promises';
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
import { OrganizationKeys, type OrganizationKey } from './organization-keys';
import { rewrapDataKeys, type RewrappedBatch } from './rewrap-data-keys';
import { settleRootKeys, type RootKeyPair } from './root-keys';
import { RootKeysInUse, type ReadRootKey } from './root-keys-in-use';
import { RootedKeys } from './rooted-keys';

/** One step of a deletion, so that an insert waits only some milliseconds for it, and a server takes its request. */
const KEYS_PER_STEP = 1_000;

/** UTF-8 cannot hold half of a surrogate pair. It would become U+FFFD, and the value would come back changed. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Keys of the installation itself, each for one purpose. `api-key-pepper` also hashes the tokens of invitations. */
const INSTANCE_KEY_NAMES = ['api-key-pepper', 'secret-name', 'idempotency', 'sign-in', 'totp'] as const;
export type InstanceKeyName = (typeof INSTANCE_KEY_NAMES)[number];

export interface KeyringOptions {
  readonly keys: KeyStore;
  readonly rootKey: RootKeyPair;
  /** Reads the root key again once another process has rotated it. Without it, this process then answers with 503. */
  readonly readRootKey?: ReadRootKey;
  readonly clock: Clock;
}

/** A sealed value as events carry it. */
export interface Sealed {
  /** Base64 of an envelope. */
  readonly envelope: string;
  readonly dataKeyId: string;
}

/** A data key, and the version of a secret for which it was made. */
export interface DataKey {
  readonly id: string;
  readonly orgId: string;
  readonly secretId: string;
  readonly version: number;
}

/**
 * The keys between the root key and a value (ADR 5). Instance and organization keys stay unwrapped in memory, data keys
 * and values never. Fails with STORE_UNAVAILABLE (try again) and INTEGRITY_ERROR (a key or value does not open; the
 * error does not say which).
 */
export class Keyring {
  readonly #instanceKeys = new Map<InstanceKeyName, Buffer>();
  readonly #organizationKeys: OrganizationKeys;

  private constructor(
    private readonly keys: KeyStore,
    private readonly rooted: RootedKeys,
    private readonly clock: Clock,
  ) {
    this.#organizationKeys = new OrganizationKeys(rooted, clock);
  }

  /** Checks the root key and finishes a rotation (`settleRootKeys`). Fails with ROOT_KEY_INVALID. */
  static async open({ keys, rootKey, readRootKey, clock }: KeyringOptions): Promise<Keyring> {
    const roots = new RootKeysInUse(keys, await settleRootKeys(keys, rootKey), readRootKey);
    return new Keyring(keys, new RootedKeys(keys, roots, clock), clock);
  }

  /** True once a value was sealed for any organization. */
  async hasOrganizationKeys(): Promise<boolean> {
    return (await this.keys.count({ purpose: 'organization' })) > 0;
  }

  /**
   * Makes the instance keys that are missing. Called at the start, before they protect anything, so that every backup of
   * the key store holds all of them: one that is made later would be missing in an older backup and made anew.
   */
  async makeInstanceKeys(): Promise<void> {
    // A key that is there is not unwrapped: a damaged one is reported by what needs it.
    const make = async (name: InstanceKeyName) => (await this.keys.get(name)) ?? this.instanceKey(name);
    await Promise.all(INSTANCE_KEY_NAMES.map(make));
  }

  /** Rejects with STORE_UNAVAILABLE when the key store cannot serve. */
  ping(): Promise<void> {
    return this.keys.ping();
  }

  /** Gives a key, and makes it at the first call. It is the same in every process and never changes. */
  async instanceKey(name: InstanceKeyName): Promise<Uint8Array> {
    const known = this.#instanceKeys.get(name);
    if (known) return known;
    const key = await this.rooted.findOrMake({ purpose: 'instance', id: name, orgId: '', generation: 1 });
    this.#instanceKeys.set(name, key);
    return key;
  }

  /**
   * Seals a value for one version of one secret. Its data key is durable before this resolves. Fails with
   * VALIDATION_FAILED for a lone surrogate.
   */
  // eslint-disable-next-line no-restricted-syntax -- where, then what: the same order as in `open`
  async seal(orgId: string, secretId: string, version: number, value: Redacted<string>): Promise<Sealed> {
    const organizations = this.#organizationKeys;
    const parent = organizations.knownCurrent(orgId) ?? (await organizations.findCurrent(orgId));
    const { row, envelope } = this.#sealUnder(parent, { orgId, secretId, version }, value);
    // False would mean that the id exists: the same 80 random bits, drawn twice within a millisecond.
    if (!(await this.keys.insert(row))) throw new AppError('STORE_UNAVAILABLE');
    return { envelope, dataKeyId: row.id };
  }

  /** Opens what `seal` gave for the same organization, secret and version. */
  // eslint-disable-next-line no-restricted-syntax -- where, then what: the same order as in `seal`
  async open(orgId: string, secretId: string, version: number, sealed: Sealed): Promise<Redacted<string>> {
    const row = await this.keys.get(sealed.dataKeyId);
    if (!row) throw new AppError('INTEGRITY_ERROR');
    const organizations = this.#organizationKeys;
    const parentKey = organizations.known(row.parent) ?? (await organizations.find(orgId, row.parent));
    return openUnder({ row, parentKey }, { orgId, secretId, version }, sealed);
  }

  /** Gives the digest of a name for stream names, 64 hexadecimal digits: names may be secret, stream names are not. */
  async secretNameDigest(orgId: string, name: string): Promise<string> {
    return keyedHash(await this.instanceKey('secret-name'), 'sv/v1/secret-name', orgId, name).toString('hex');
  }

  /** Gives a digest that recognises a repeated request, 64 hexadecimal digits. It reveals nothing of the values. */
  async fingerprint(parts: readonly (string | Redacted<string>)[]): Promise<string> {
    const texts = parts.map((part) => (typeof part === 'string' ? part : part.expose()));
    return keyedHash(await this.instanceKey('idempotency'), 'sv/v1/idempotency', ...texts).toString('hex');
  }

  /**
   * Derives 1 to 64 bytes that nobody can guess without this installation's keys. The same purpose and seed give the
   * same bytes, so a credential can be shown again for a while without being stored (ADR 13).
   */
  async derive(purpose: 'api-key' | 'invitation' | 'sign-up', seed: string, bytes: number): Promise<Buffer> {
    const key = await this.instanceKey('idempotency');
    const block = (counter: number) => keyedHash(key, `sv/v1/derived/${purpose}`, seed, counter);
    return Buffer.concat([block(1), block(2)]).subarray(0, bytes);
  }

  /** Destroys data keys: no value sealed under them can ever be opened again. Gives how many there were. */
  async destroy(dataKeyIds: readonly string[]): Promise<number> {
    let count = 0;
    for (const ids of stepsOf(dataKeyIds)) count += await this.keys.destroy(ids);
    return count;
  }

  /** Gives those of the data keys that are in the store. */
  async existing(dataKeyIds: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const ids of stepsOf(dataKeyIds)) {
      const rows = await Promise.all(ids.map((id) => this.keys.get(id)));
      found.push(...ids.filter((_, at) => rows[at] !== null));
      // An embedded store never waits, so without this line no other work would get a turn.
      await nextTurn();
    }
    return found;
  }

  /**
   * Reads the next `limit` data keys after `afterId`, oldest first, and gives those made before `madeBefore`. Only the
   * log can tell whether an event refers to them.
   */
  async dataKeys(query: { madeBefore: Date; afterId: string; limit: number }): Promise<DataKey[]> {
    const { afterId, limit } = query;
    const madeBefore = query.madeBefore.toISOString();
    const rows = await this.keys.list({ purpose: 'data', afterId, limit });
    return rows
      .filter(({ createdAt }) => createdAt < madeBefore)
      .map(({ id, orgId, secretId, generation: version }) => ({ id, orgId, secretId, version }));
  }

  /** Reads from the store the generation of the key that wraps an organization's new data keys. */
  async currentGeneration(orgId: string): Promise<number> {
    return (await this.#organizationKeys.findCurrent(orgId)).generation;
  }

  /**
   * Begins the generation after the current one; repeated, it changes nothing. For ORGANIZATION_KEY_TTL_MS other
   * processes may still seal under the one before.
   */
  async beginGeneration(orgId: string, generation: number): Promise<void> {
    await this.#organizationKeys.begin(orgId, generation);
  }

  /** Wraps a batch of an organization's data keys, those after `afterId`, under its current key; may be repeated. */
  async rewrapBatch(orgId: string, afterId: string): Promise<RewrappedBatch> {
    const organizations = this.#organizationKeys;
    return rewrapDataKeys({ keys: this.keys, organizations }, { orgId, afterId });
  }

  // Synchronous, so that no unwrapped key stays in memory while something else is awaited.
  #sealUnder(parent: OrganizationKey, binding: EnvelopeBinding, value: Redacted<string>) {
    const text = value.expose();
    if (LONE_SURROGATE.test(text)) throw new AppError('VALIDATION_FAILED');
    const now = this.clock.now();
    const place = dataKeyPlace(newDataKeyId(now), parent.id, binding);
    const plaintext = Buffer.from(text);
    const dataKey = newKey();
    try {
      const wrapped = wrapKey(dataKey, parent.key, place);
      const envelope = sealEnvelope({ dataKey, dataKeyId: place.id, binding, plaintext }).toString('base64');
      return { envelope, row: { ...place, createdAt: now.toISOString(), wrapped } };
    } finally {
      dataKey.fill(0);
      plaintext.fill(0);
    }
  }
}

function* stepsOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += KEYS_PER_STEP) yield ids.slice(from, from + KEYS_PER_STEP);
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
  // The decoder ignores characters that are no base64. A text with such characters is damaged too.
  if (envelope.toString('base64') !== sealed.envelope) throw new AppError('INTEGRITY_ERROR');
  const dataKeyId = sealed.dataKeyId;
  const dataKey = unwrapKey(row.wrapped, parentKey, dataKeyPlace(dataKeyId, row.parent, binding));
  try {
    const plaintext = openEnvelope({ dataKey, dataKeyId, binding, envelope });
    const value = new Redacted(plaintext.toString());
    plaintext.fill(0);
    return value;
  } finally {
    dataKey.fill(0);
  }
}
