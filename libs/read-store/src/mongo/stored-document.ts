import type { CollectionSpec, Document } from '../read-store';

/** A document as MongoDB holds it. */
export interface StoredDocument {
  readonly _id: string;
  /** Revision of the event that wrote the document; -1 for a record. */
  readonly revision: bigint;
  /** Null after a removal. The revision stays, so that an older event cannot bring the document back. */
  readonly doc: Document | null;
  /** The `latest` fields. They stand beside the document, so that no put overwrites them. */
  readonly latest?: Readonly<Record<string, string>>;
}

/** The fields that a read fetches. */
export type Shown = Pick<StoredDocument, 'doc' | 'latest'>;
export const SHOWN = { _id: 0, doc: 1, latest: 1 } as const;

export const pathOf = (field: string) => (field === 'id' ? '_id' : `doc.${field}`);

/** Reduces a document to JSON. The driver would store other values, such as a Date, in types of its own. */
export function plain(document: Document): Document {
  return JSON.parse(JSON.stringify(document)) as Document;
}

export function shown(spec: CollectionSpec, stored: Shown): Document | null {
  if (!stored.doc || !spec.latest) return stored.doc;
  const latest = spec.latest.map((field) => [field, stored.latest?.[field] ?? null] as const);
  return { ...stored.doc, ...Object.fromEntries(latest) };
}
