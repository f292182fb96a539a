/** What a wrapped key is for. It is bound into the wrapping (ADR 5). */
export type KeyPurpose = 'instance' | 'organization' | 'data';

/** One wrapped key. No store holds the key itself. */
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

/** Which root key wraps the keys of this store. Written at the first start, and changed only by a rotation. */
export interface RootKeyState {
  /** Fingerprint of the root key in use. */
  readonly current: string;
  /** Fingerprint of the key that an unfinished rotation replaces; rows may still be under it. */
  readonly previous: string | null;
  /** Fingerprints of the keys that were rotated away for good. A start with one of them is refused. */
  readonly retired: readonly string[];
}

/**
 * Wrapped keys, apart from the log: they can be destroyed, which makes what they sealed unreadable for ever. Fails with
 * STORE_UNAVAILABLE; the outcome of a write is then unknown.
 */
export interface KeyStore {
  /** Stores a key, durable when it resolves. Gives false, and changes nothing, when a key with this id exists. */
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
  /**
   * Replaces parent and wrapping of existing keys. Never inserts: a destroyed key stays gone. Gives how many existed.
   */
  rewrap(keys: readonly Pick<WrappedKey, 'id' | 'parent' | 'wrapped'>[]): Promise<number>;
  /** Removes keys. SQLite overwrites their bytes at once, MongoDB later (ADR 5). Gives how many there were. */
  destroy(ids: readonly string[]): Promise<number>;
  rootKeyState(): Promise<RootKeyState | null>;
  setRootKeyState(state: RootKeyState): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
