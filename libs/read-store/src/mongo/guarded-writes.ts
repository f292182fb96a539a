import { duplicatesIn, type Collection } from '#libs/mongo';
import type { Change } from '../read-store';
import { plain, type StoredDocument } from './stored-document';

type Documents = Collection<StoredDocument>;

/** Documents of one statement. Servers differ in what a statement costs, and in what a long one does. */
const STATEMENT_MAX = 50;

/** Applies changes of any number of collections, `advance` after the others. May be repeated at any point. */
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

/** One per document: of several, what the guard would leave. */
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
 * What a stream begins with is new, what it goes on with is most often there: so few statements find nothing to do.
 * Nothing here relies on it, for events may be gone from the beginning of a stream, and any of them may come again.
 */
async function writeNewest(documents: Documents, writes: readonly StoredDocument[]): Promise<void> {
  const first = writes.filter(({ revision }) => revision === 0n);
  const later = writes.filter(({ revision }) => revision !== 0n);
  const isAnyMissing = later.length > (await replaceOlder(documents, later));
  const there = await insertMissing(documents, isAnyMissing ? writes : first);
  await replaceOlder(documents, there);
}

/** Gives those whose id is there already; nothing that has a revision ever goes. */
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
 * The guard is the server's: each document compares its own revision while it is written. It stands in the
 * update rather than in the filter, so that one that is not newer is no error; such errors are costly. Gives how many
 * were there.
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

/** Per `latest` field, the greatest text of each document. */
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

/** Only what is there has latest texts. */
async function raise(documents: Documents, field: string, texts: readonly LatestText[]): Promise<void> {
  const path = `latest.${field}`;
  const isRemoved = { $eq: [{ $ifNull: ['$doc', null] }, null] };
  await updateEach(documents, texts, (chunk) => ({
    [path]: { $cond: [isRemoved, `$${path}`, { $max: [`$${path}`, own(chunk, 'to')] }] },
  }));
}

/** Many documents per statement, all statements in one message. */
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

/** An expression that gives each document what the chunk holds for it. Literal: nothing in it is an operator. */
function own<T extends { readonly _id: string }>(chunk: readonly T[], field: keyof T): object {
  const place = { $indexOfArray: [{ $literal: chunk.map(({ _id }) => _id) }, '$_id'] };
  return { $arrayElemAt: [{ $literal: chunk.map((one) => one[field]) }, place] };
}
