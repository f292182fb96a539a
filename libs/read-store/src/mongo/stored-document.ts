import type { CollectionSpec, Document } from '../read-store';

/** A document as MongoDB holds it. */
export interface StoredDocument {
  readonly _id: string;
  /** Of the event that wrote it; -1 for a record. */
  readonly revision: bigint;
  /** Null once it was removed: the revision stays, so that a replayed older event cannot bring it back. */
  readonly doc: Document | null;
  /** The `latest` fields, beside the document: no put touches them. */
  readonly latest?: Readonly<Record<string, string>>;
}

/** What is read of a document. */
export type Shown = Pick<StoredDocument, 'doc' | 'latest'>;
export const SHOWN = { _id: 0, doc: 1, latest: 1 } as const;

export const pathOf = (field: string) => (field === 'id' ? '_id' : `doc.${field}`);

/** Nothing that JSON does not know reaches the driver, which would store it as something else. */
export function plain(document: Document): Document {
  return JSON.parse(JSON.stringify(document)) as Document;
}

export function shown(spec: CollectionSpec, stored: Shown): Document | null {
  if (!stored.doc || !spec.latest) return stored.doc;
  const latest = spec.latest.map((field) => [field, stored.latest?.[field] ?? null] as const);
  return { ...stored.doc, ...Object.fromEntries(latest) };
}
