/** A document of a read model: JSON with an id. Times are ISO 8601 text, so they sort as text. */
export type Document = { readonly id: string } & { readonly [field: string]: unknown };

export interface CollectionSpec {
  /** Lower case, digits and `_`; versioned by the projection that fills it, such as `secrets_v1`. */
  readonly name: string;
  /** The fields that queries may name. `strings` is an array of strings, queried by membership. */
  readonly fields: Readonly<Record<string, 'string' | 'integer' | 'strings'>>;
  /** Compound indexes, each a list of fields: equality first, sort last. */
  readonly indexes: readonly (readonly string[])[];
  /** Counts per combination of these fields are kept up to date or have an index: no `count` on them reads a document. */
  readonly countBy?: readonly string[];
  /**
   * Text fields that stand beside the document, null or missing at first: only `advance` moves them, and only
   * up. For what another stream knows, such as a time of last use, where revisions compare nothing.
   */
  readonly latest?: readonly string[];
}

export interface Query {
  /** Equality, or membership for a `strings` field. Null matches a missing or null field. */
  readonly where: Readonly<Record<string, string | number | null>>;
  /** Case-insensitive part of any of these `string` fields. Literal text, no pattern. */
  readonly contains?: { readonly fields: readonly string[]; readonly text: string };
  /** Ties, and the order by `id`, go by id in the same direction. Null comes before everything. */
  readonly sort: { readonly field: string; readonly direction: 'ascending' | 'descending' };
  readonly skip?: number;
  readonly limit: number;
}

/**
 * One effect of an event. `revision` is the decimal revision of the event that caused it: a document
 * written by a later revision refuses an older one, even after its removal, so replays change nothing.
 * `advance` raises a `latest` field of a document that is there; the greatest text stays, so it needs no revision.
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

/** What somebody finds in a store who knows nothing of its collections. */
export interface Contents {
  /** Names of the collections that hold records, ordered. */
  readonly recordCollections: readonly string[];
  /** A projection has been here: it has left a document or a checkpoint. */
  readonly isProjected: boolean;
}

export interface RecordPage {
  /** Goes on behind this id; '' begins. */
  readonly afterId: string;
  readonly limit: number;
}

/**
 * Documents for queries, and small records. Implementations must pass `readStoreContract`. All failures are
 * AppErrors: STORE_UNAVAILABLE (the outcome of a write is unknown; every write can be repeated),
 * VALIDATION_FAILED (a name or value that the collection's spec does not allow; nothing was written).
 */
export interface ReadStore {
  /**
   * Creates what is missing: tables, indexes, counters. Any other use of the collection fails with
   * STORE_UNAVAILABLE until then.
   */
  ensureCollection(spec: CollectionSpec): Promise<void>;
  get(collection: string, id: string): Promise<Document | null>;
  find(collection: string, query: Query): Promise<Document[]>;
  count(collection: string, query: Pick<Query, 'where' | 'contains'>): Promise<number>;
  /**
   * Applies changes in order (`advance` after the others), each guarded by its revision, then moves the
   * checkpoint; one transaction where the engine has them. `fence` must be the one of the lease called
   * like the projection, else STORE_UNAVAILABLE.
   */
  // eslint-disable-next-line no-restricted-syntax -- what, whose, up to where, by which right: one call in one runner
  project(projection: string, changes: readonly Change[], position: string, fence: number): Promise<void>;
  /** The position a projection has reached; null when it never ran. */
  checkpoint(projection: string): Promise<string | null>;
  /** The positions of all projections that ever ran here, in no order. */
  checkpoints(): Promise<string[]>;
  /**
   * Takes or renews the lease `name` for `holder`. Gives the fence (it grows with each change of holder),
   * or null when somebody else holds it.
   */
  acquireLease(name: string, holder: string, ttlMs: number): Promise<number | null>;
  releaseLease(name: string, holder: string): Promise<void>;
  /** Writes a record unless one with this id is there; gives the one that is there afterwards. */
  putIfAbsent(collection: string, document: Document): Promise<Document>;
  /** Writes a record whatever was there. */
  put(collection: string, document: Document): Promise<void>;
  remove(collection: string, id: string): Promise<void>;
  /** Removes the documents whose `field` (ISO time text) is before `time`; gives how many. */
  removeBefore(collection: string, field: string, time: string): Promise<number>;
  /**
   * Resolves once nothing of what was removed or replaced before this call is left in the files that the engine keeps
   * itself. For what a person may have erased; costs in proportion to the whole store, so not for every removal.
   * An engine that is a server does this in its own time, and resolves at once. STORE_UNAVAILABLE: call it again.
   */
  forget(): Promise<void>;
  /** For a copy of the records, which must not miss a collection. Looks at everything, so it takes its time. */
  contents(): Promise<Contents>;
  /** Records of a collection, ordered by the bytes of their ids. None for a collection that is not there. */
  listRecords(collection: string, page: RecordPage): Promise<Document[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
