import type { Filter, Sort } from '#libs/mongo';
import type { CollectionSpec, Query } from '../read-store';
import { pathOf, type StoredDocument } from './stored-document';

type Condition = Record<string, unknown>;

/** Makes a filter. The catalog has checked its names and values, so none of them is an operator. */
export function filterOf({ where, contains }: Pick<Query, 'where' | 'contains'>): Filter<StoredDocument> {
  const conditions: Condition[] = Object.entries(where).map(([field, value]) => ({ [pathOf(field)]: value }));
  // A removed document has no fields, so any value excludes it.
  if (Object.values(where).every((value) => value === null)) conditions.push({ doc: { $ne: null } });
  if (contains) conditions.push(containsAnywhere(contains));
  // No two conditions have the same key, so one object means the same as `$and`. MongoDB plans it more easily.
  return Object.assign({}, ...conditions) as Filter<StoredDocument>;
}

/**
 * Searches for the bytes of the text, not for a pattern, so nothing needs escaping. `$literal` keeps a text that begins
 * with `$` from naming a field. `$toLower` changes ASCII letters only, as the search in SQLite does.
 */
function containsAnywhere({ fields, text }: NonNullable<Query['contains']>): Condition {
  // `$toLower` turns null into the empty text, in which the empty text would be found.
  if (text === '') return { $or: fields.map((field) => ({ [pathOf(field)]: { $ne: null } })) };
  const wanted = { $toLower: { $literal: text } };
  const places = fields.map((field) => ({ $indexOfBytes: [{ $toLower: `$${pathOf(field)}` }, wanted] }));
  return { $expr: { $or: places.map((place) => ({ $gte: [place, 0] })) } };
}

/** MongoDB sorts text by its bytes and null first by default, as SQLite does. */
export function sortOf({ field, direction }: Query['sort']): Sort {
  const order = direction === 'ascending' ? 1 : -1;
  return { [pathOf(field)]: order, _id: order };
}

/** Each index ends with the id, which breaks ties. The `countBy` fields have an index, so a count reads no document. */
export function indexesOf({ indexes, countBy }: CollectionSpec): { key: Record<string, 1> }[] {
  const counted = countBy && !indexes.some((index) => countBy.every((field, i) => index[i] === field));
  const all = counted ? [...indexes, countBy] : indexes;
  return all.map((fields) => ({
    key: Object.fromEntries([...fields.map(pathOf), '_id'].map((path) => [path, 1 as const])),
  }));
}
