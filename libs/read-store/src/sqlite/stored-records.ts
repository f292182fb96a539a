import type { Contents, Document, RecordPage } from '../read-store';
import type { Select } from './collection-query';
import { tableOf } from './collection-table';

/** Gives the first column of the first row. */
type Read = (select: Select) => unknown;

/** A record is a document that no event wrote: its revision is -1. */
export function readContents(read: Read): Contents {
  const holds = (table: string, condition: string) =>
    read({ sql: `SELECT EXISTS (SELECT 1 FROM ${table} WHERE ${condition})`, parameters: [] }) === 1;
  const tables = `SELECT json_group_array(substr(name, 3)) FROM
    (SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'c_*' ORDER BY name)`;
  const collections = JSON.parse(String(read({ sql: tables, parameters: [] }))) as string[];
  return {
    recordCollections: collections.filter((name) => holds(tableOf(name), '_revision = -1')),
    isProjected:
      holds('checkpoints', 'true') || collections.some((name) => holds(tableOf(name), '_revision >= 0')),
  };
}

export function listRecords(read: Read, collection: string, { afterId, limit }: RecordPage): Document[] {
  const known = 'SELECT count(*) FROM sqlite_schema WHERE name = ?';
  if (read({ sql: known, parameters: [`c_${collection}`] }) === 0) return [];
  // One row with one text, because fetching rows from the driver costs as much as reading them.
  const page = `SELECT '[' || group_concat(_doc) || ']' FROM
    (SELECT _doc FROM ${tableOf(collection)} WHERE _id > ? AND _revision = -1 ORDER BY _id LIMIT ?)`;
  const texts = read({ sql: page, parameters: [afterId, limit] });
  return typeof texts === 'string' ? (JSON.parse(texts) as Document[]) : [];
}
