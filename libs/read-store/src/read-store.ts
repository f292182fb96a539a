/** A document of a read model: JSON with an id. Times are ISO 8601 text, so they sort as text. */
export type Document = { readonly id: string } & { readonly [field: string]: unknown };

export interface CollectionSpec {
  /** Lower case, digits and `_`; versioned by the projection that fills it, such as `secrets_v1`. */
  readonly name: string;
  /** The fields that queries may name. `strings` is an array of strings, queried by membership. */
  readonly fields: Readonly<Record<string, 'string' | 'integer' | 'strings'>>;
  /** Compound indexes, each a list of fields: fields compared for equality first, the sort field last. */
  readonly indexes: readonly (readonly string[])[];
  /** `count` on these fields reads no document, because the engine keeps their counts or an index of them. */
  readonly countBy?: readonly string[];
  /**
   * Text fields that stand beside the document, null or missing at first. Only `advance` changes them, and only to a
   * greater text. They hold what another stream knows, such as a time of last use, because revisions of different
   * streams cannot be compared.
   */
  readonly latest?: readonly string[];
}

export interface Query {
  /** Equality, or membership for a `strings` field. Null matches a missing or null field. */
  readonly where: Readonly<Record<string, string | number | null>>;
  /** Text that one of these `string` fields must contain; no pattern. ASCII letters match in either case. */
  readonly contains?: { readonly fields: readonly string[]; readonly text: string };
  /** Equal values are ordered by `id`, in the same direction. Null is less than every value. */
  readonly sort: { readonly field: string; readonly direction: 'ascending' | 'descending' };
  readonly skip?: number;
  readonly limit: number;
}

/**
 * One effect of an event. `revision` is the decimal revision of that event. A document refuses a change with an older
 * revision than its own, even after its removal, so replays change nothing. `advance` raises a `latest` field of an
 * existing document. It needs no revision, because the greatest text stays.
 */
export type Change =
  | {
      readonly kind: 'put';
      readonly collection: string;
      readonly document: Document;
      readonly revision: string;
    }
  | { readonly kind: 'remove'; readonly collection: string; readonly id: string; readonly revision: string }
  | {
      readonly kind: 'advance';
      readonly collection: string;
      readonly id: string;
      readonly field: string;
      readonly to: string;
    };

/** What a store holds, found without knowing its collections (ADR 16). */
export interface Contents {
  /** Names of the collections that hold records, ordered. */
  readonly recordCollections: readonly string[];
  /** True when a projection has left a document or a checkpoint. */
  readonly isProjected: boolean;
}

export interface RecordPage {
  /** The page begins behind this id; '' gives the first page. */
  readonly afterId: string;
  readonly limit: number;
}

/**
 * Documents for queries, and small records. Every implementation must pass `readStoreContract`. All failures are
 * AppErrors. STORE_UNAVAILABLE: the outcome of a write is unknown, and every write can be repeated. VALIDATION_FAILED:
 * the collection's spec does not allow a name or value, and nothing was written.
 */
export interface ReadStore {
  /**
   * Creates the tables, indexes and counters that are missing. Until then all other uses of the collection fail with
   * STORE_UNAVAILABLE.
   */
  ensureCollection(spec: CollectionSpec): Promise<void>;
  get(collection: string, id: string): Promise<Document | null>;
  find(collection: string, query: Query): Promise<Document[]>;
  count(collection: string, query: Pick<Query, 'where' | 'contains'>): Promise<number>;
  /**
   * Applies changes in order, `advance` last, and moves the checkpoint. Each change is guarded by its revision. All is
   * one transaction where the engine has transactions. Fails with STORE_UNAVAILABLE when `fence` is not the latest of
   * the lease that has the projection's name.
   */
  // eslint-disable-next-line no-restricted-syntax -- all four belong to one call, made only by the projection runner
  project(projection: string, changes: readonly Change[], position: string, fence: number): Promise<void>;
  /** The position that a projection has reached; null when it never ran. */
  checkpoint(projection: string): Promise<string | null>;
  /** The positions of all projections that ever ran here, in no order. */
  checkpoints(): Promise<string[]>;
  /**
   * Takes or renews the lease `name` for `holder`. Gives the fence, which grows with each change of holder, or null
   * while another holder has the lease.
   */
  acquireLease(name: string, holder: string, ttlMs: number): Promise<number | null>;
  releaseLease(name: string, holder: string): Promise<void>;
  /** Writes a record unless one with this id exists. Gives the record that exists afterwards. */
  putIfAbsent(collection: string, document: Document): Promise<Document>;
  /** Writes a record, and replaces one with the same id. */
  put(collection: string, document: Document): Promise<void>;
  remove(collection: string, id: string): Promise<void>;
  /** Removes the documents whose `field` (ISO time text) is before `time`; gives how many. */
  removeBefore(collection: string, field: string, time: string): Promise<number>;
  /**
   * Resolves when the engine's own files hold nothing that was removed or replaced before this call. It is for data
   * that a person may have erased. It costs as much as rewriting the whole store, so do not call it for every removal.
   * An engine that is a server does this in its own time, so the call resolves at once. Fails with STORE_UNAVAILABLE;
   * call it again then.
   */
  forget(): Promise<void>;
  /** For copying the records, which must not miss a collection. It looks at everything, so it takes long. */
  contents(): Promise<Contents>;
  /** Gives records ordered by the bytes of their ids; none when the collection does not exist. */
  listRecords(collection: string, page: RecordPage): Promise<Document[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
