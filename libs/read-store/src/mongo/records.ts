import type { Collection } from '#libs/mongo';
import type { Document } from '../read-store';
import { plain, SHOWN, type Shown, type StoredDocument } from './stored-document';

type Documents = Collection<StoredDocument>;

/** Records know no revisions: one that a projection left stays, for the events that are still to come. */
const NO_REVISION = { revision: -1n };

export async function putRecord(documents: Documents, document: Document): Promise<void> {
  const update = { $set: { doc: plain(document) }, $setOnInsert: NO_REVISION };
  await documents.updateOne({ _id: document.id }, update, { upsert: true });
}

/** Gives what is there afterwards. */
export async function putRecordIfAbsent(documents: Documents, document: Document): Promise<Shown> {
  const [filter, doc] = [{ _id: document.id }, plain(document)];
  const options = { projection: SHOWN, upsert: true, returnDocument: 'after' } as const;
  const insert = { $setOnInsert: { doc, ...NO_REVISION } };
  const stored = await documents.findOneAndUpdate(filter, insert, options);
  if (stored?.doc) return stored;
  // There is a document that a projection has removed. Whoever comes first fills it.
  await documents.updateOne({ ...filter, doc: null }, { $set: { doc } });
  const filled = await documents.findOne(filter, { projection: SHOWN });
  if (!filled?.doc) throw new Error('It was removed meanwhile');
  return filled;
}
