import type { Collection } from '#libs/mongo';
import type { Document, RecordPage } from '../read-store';
import { plain, SHOWN, type Shown, type StoredDocument } from './stored-document';

type Documents = Collection<StoredDocument>;

/** The revision of a new record. One that a projection left stays, as a guard for later events. */
const NO_REVISION = { revision: -1n };

export async function putRecord(documents: Documents, document: Document): Promise<void> {
  const update = { $set: { doc: plain(document) }, $setOnInsert: NO_REVISION };
  await documents.updateOne({ _id: document.id }, update, { upsert: true });
}

/** Gives the record that exists afterwards. */
export async function putRecordIfAbsent(documents: Documents, document: Document): Promise<Shown> {
  const [filter, doc] = [{ _id: document.id }, plain(document)];
  const options = { projection: SHOWN, upsert: true, returnDocument: 'after' } as const;
  const insert = { $setOnInsert: { doc, ...NO_REVISION } };
  const stored = await documents.findOneAndUpdate(filter, insert, options);
  if (stored?.doc) return stored;
  // A projection has removed the document that was here. The first writer fills its place.
  await documents.updateOne({ ...filter, doc: null }, { $set: { doc } });
  const filled = await documents.findOne(filter, { projection: SHOWN });
  if (!filled?.doc) throw new Error('It was removed meanwhile');
  return filled;
}

/** Tells whether the collection holds a record. The server reads the whole collection for it, without an index. */
export async function hasRecord(documents: Documents): Promise<boolean> {
  return (await documents.findOne(NO_REVISION, { projection: { _id: 1 } })) !== null;
}

/** Tells whether a projection has written a document here, even one that was removed. */
export async function hasProjected(documents: Documents): Promise<boolean> {
  return (await documents.findOne({ revision: { $gte: 0n } }, { projection: { _id: 1 } })) !== null;
}

export async function listRecords(documents: Documents, { afterId, limit }: RecordPage): Promise<Document[]> {
  const options = { projection: SHOWN, sort: { _id: 1 }, limit, batchSize: limit } as const;
  const found = await documents.find({ ...NO_REVISION, _id: { $gt: afterId } }, options).toArray();
  return found.flatMap(({ doc }) => doc ?? []);
}
