import type { Filter, Sort } from '#libs/mongo';
import type { CollectionSpec, Query } from '../read-store';
import { pathOf, type StoredDocument } from './stored-document';

type Condition = Record<string, unknown>;

/** A filter made of declared names and checked values: the catalog has seen both. */
export function filterOf({ where, contains }: Pick<Query, 'where' | 'contains'>): Filter<StoredDocument> {
  const conditions: Condition[] = Object.entries(where).map(([field, value]) => ({ [pathOf(field)]: value }));
  // A removed document has no fields, so any value excludes it.
  if (Object.values(where).every((value) => value === null)) conditions.push({ doc: { $ne: null } });
  if (contains) conditions.push(containsAnywhere(contains));
  // One field stands in one condition only, so this is as good as `$and`, and easier on the planner.
  return Object.assign({}, ...conditions) as Filter<StoredDocument>;
}

/**
 * A search for the bytes, not a pattern: nothing in the text needs escaping, and `$literal` keeps one that begins
 * with `$` from naming a field. `$toLower` knows ASCII only, as the search of the embedded engine does.
 */
function containsAnywhere({ fields, text }: NonNullable<Query['contains']>): Condition {
  // Of a null it makes an empty text, which holds the empty text.
  if (text === '') return { $or: fields.map((field) => ({ [pathOf(field)]: { $ne: null } })) };
  const wanted = { $toLower: { $literal: text } };
  const places = fields.map((field) => ({ $indexOfBytes: [{ $toLower: `$${pathOf(field)}` }, wanted] }));
  return { $expr: { $or: places.map((place) => ({ $gte: [place, 0] })) } };
}

/** Text sorts by its bytes and null comes first, without a word about it: so does the embedded engine. */
export function sortOf({ field, direction }: Query['sort']): Sort {
  const order = direction === 'ascending' ? 1 : -1;
  return { [pathOf(field)]: order, _id: order };
}

/** Ends with the id, by which ties are broken. Counts are read from an index alone, never from documents. */
export function indexesOf({ indexes, countBy }: CollectionSpec): { key: Record<string, 1> }[] {
  const counted = countBy && !indexes.some((index) => countBy.every((field, i) => index[i] === field));
  const all = counted ? [...indexes, countBy] : indexes;
  return all.map((fields) => ({
    key: Object.fromEntries([...fields.map(pathOf), '_id'].map((path) => [path, 1 as const])),
  }));
}
