/** What a wrapped key is for; bound into the wrapping (design: keys and envelopes). */
export type KeyPurpose = 'instance' | 'organization' | 'data';

/** One wrapped key. The key itself never rests anywhere unwrapped. */
export interface WrappedKey {
  /** Instance keys: their name. Organization keys: `{orgId}.{generation}`. Data keys: 32 hex digits. */
  readonly id: string;
  readonly purpose: KeyPurpose;
  /** Id of the wrapping key: a root key's fingerprint, or an organization key's id. */
  readonly parent: string;
  /** '' for instance keys. */
  readonly orgId: string;
  /** Data keys only, '' otherwise. */
  readonly secretId: string;
  /** Generation of an organization key; version of the secret for a data key; 1 for instance keys. */
  readonly generation: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly wrapped: Uint8Array;
}

/** Which root key guards this store: written once at the first start, changed only by a rotation. */
export interface RootKeyState {
  /** Fingerprint of the root key in use. */
  readonly current: string;
  /** Fingerprint of the key being rotated away, while rows on it may be left. */
  readonly previous: string | null;
  /** Fingerprints of keys rotated away for good: starting with one of them is a mistake. */
  readonly retired: readonly string[];
}

/**
 * Wrapped keys, mutable, apart from the log, so that destroying one makes its ciphertext unreadable
 * for ever. Failures are AppErrors: STORE_UNAVAILABLE (a write's outcome is unknown).
 */
export interface KeyStore {
  /** Durable when it resolves. A key with this id must not be there yet: gives false and changes nothing then. */
  insert(key: WrappedKey): Promise<boolean>;
  get(id: string): Promise<WrappedKey | null>;
  /** Keys of one purpose, ordered by id, after `afterId`. */
  list(query: {
    purpose: KeyPurpose;
    parent?: string;
    orgId?: string;
    afterId?: string;
    limit: number;
  }): Promise<WrappedKey[]>;
  count(query: { purpose: KeyPurpose; parent?: string }): Promise<number>;
  /** Replaces parent and wrapping of keys that are there; never inserts, so a destroyed key stays gone. Gives how many were there. */
  rewrap(keys: readonly Pick<WrappedKey, 'id' | 'parent' | 'wrapped'>[]): Promise<number>;
  /** Removes keys beyond recovery from the file. Gives how many were there. */
  destroy(ids: readonly string[]): Promise<number>;
  rootKeyState(): Promise<RootKeyState | null>;
  setRootKeyState(state: RootKeyState): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
