import { duplicatesIn, type Collection } from '#libs/mongo';
import type { Change } from '../read-store';
import { plain, type StoredDocument } from './stored-document';

type Documents = Collection<StoredDocument>;

/** Documents in one statement. Servers differ in the cost of many statements and in the cost of long ones. */
const STATEMENT_MAX = 50;

/** Applies changes to any number of collections, `advance` last in each. May be repeated after any failure. */
export async function applyChanges(
  collectionOf: (name: string) => Documents,
  changes: readonly Change[],
): Promise<void> {
  const collections = new Map<string, Change[]>();
  for (const change of changes) {
    const ofOne = collections.get(change.collection) ?? [];
    collections.set(change.collection, ofOne);
    ofOne.push(change);
  }
  await Promise.all([...collections].map(([name, ofOne]) => applyTo(collectionOf(name), ofOne)));
}

async function applyTo(documents: Documents, changes: readonly Change[]): Promise<void> {
  await writeNewest(documents, newestWrites(changes));
  for (const [field, latest] of latestTexts(changes)) await raise(documents, field, latest);
}

/** Gives one write for each document: the one with the highest revision, as the guard would leave it. */
function newestWrites(changes: readonly Change[]): StoredDocument[] {
  const newest = new Map<string, StoredDocument>();
  for (const change of changes) {
    if (change.kind === 'advance') continue;
    const revision = BigInt(change.revision);
    const doc = change.kind === 'put' ? plain(change.document) : null;
    const _id = change.kind === 'put' ? change.document.id : change.id;
    if (revision > (newest.get(_id)?.revision ?? -1n)) newest.set(_id, { _id, revision, doc });
  }
  return [...newest.values()];
}

/**
 * Revision 0 is tried as an insert and later ones as updates, because most documents begin with revision 0. This only
 * saves statements. The first events of a stream may be gone, and any event may come again.
 */
async function writeNewest(documents: Documents, writes: readonly StoredDocument[]): Promise<void> {
  const first = writes.filter(({ revision }) => revision === 0n);
  const later = writes.filter(({ revision }) => revision !== 0n);
  const isAnyMissing = later.length > (await replaceOlder(documents, later));
  const there = await insertMissing(documents, isAnyMissing ? writes : first);
  await replaceOlder(documents, there);
}

/** Inserts, and gives those whose id exists. They can be updated then, because no projection deletes a document. */
async function insertMissing(
  documents: Documents,
  writes: readonly StoredDocument[],
): Promise<StoredDocument[]> {
  if (writes.length === 0) return [];
  try {
    await documents.insertMany(writes, { ordered: false });
    return [];
  } catch (error) {
    return duplicatesIn(error).flatMap((index) => writes[index] ?? []);
  }
}

/**
 * Replaces older documents, and gives how many of the ids exist. The server compares the revisions while it writes each
 * document. The comparison stands in the update and not in the filter, so that a document which is not older causes no
 * error; such errors are costly.
 */
async function replaceOlder(documents: Documents, writes: readonly StoredDocument[]): Promise<number> {
  return updateEach(documents, writes, (chunk) => {
    const [revision, doc] = [own(chunk, 'revision'), own(chunk, 'doc')];
    return {
      doc: { $cond: [{ $lt: ['$revision', revision] }, doc, '$doc'] },
      revision: { $max: ['$revision', revision] },
    };
  });
}

interface LatestText {
  readonly _id: string;
  readonly to: string;
}

/** Gives for each `latest` field the greatest text of each document. */
function latestTexts(changes: readonly Change[]): Map<string, LatestText[]> {
  const fields = new Map<string, Map<string, LatestText>>();
  for (const change of changes) {
    if (change.kind !== 'advance') continue;
    const { field, id, to } = change;
    const latest = fields.get(field) ?? new Map<string, LatestText>();
    fields.set(field, latest);
    if (to > (latest.get(id)?.to ?? '')) latest.set(id, { _id: id, to });
  }
  return new Map([...fields].map(([field, latest]) => [field, [...latest.values()]]));
}

/** Skips removed documents. */
async function raise(documents: Documents, field: string, texts: readonly LatestText[]): Promise<void> {
  const path = `latest.${field}`;
  const isRemoved = { $eq: [{ $ifNull: ['$doc', null] }, null] };
  await updateEach(documents, texts, (chunk) => ({
    [path]: { $cond: [isRemoved, `$${path}`, { $max: [`$${path}`, own(chunk, 'to')] }] },
  }));
}

/** Updates many documents per statement, with all statements in one message. Gives how many it found. */
async function updateEach<T extends { readonly _id: string }>(
  documents: Documents,
  all: readonly T[],
  fieldsFor: (chunk: readonly T[]) => Record<string, unknown>,
): Promise<number> {
  const updates = [];
  for (let from = 0; from < all.length; from += STATEMENT_MAX) {
    const chunk = all.slice(from, from + STATEMENT_MAX);
    const filter = { _id: { $in: chunk.map(({ _id }) => _id) } };
    updates.push({ updateMany: { filter, update: [{ $set: fieldsFor(chunk) }] } });
  }
  if (updates.length === 0) return 0;
  return (await documents.bulkWrite(updates, { ordered: false })).matchedCount;
}

/** Picks each document's own value from the chunk. All values are literals, so none is an operator. */
function own<T extends { readonly _id: string }>(chunk: readonly T[], field: keyof T): object {
  const place = { $indexOfArray: [{ $literal: chunk.map(({ _id }) => _id) }, '$_id'] };
  return { $arrayElemAt: [{ $literal: chunk.map((one) => one[field]) }, place] };
}
