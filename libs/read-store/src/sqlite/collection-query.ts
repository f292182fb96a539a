import type { Parameter } from '#libs/sqlite';
import type { CollectionSpec, Document, Query } from '../read-store';
import { counterOf, tableOf } from './collection-table';

/** The SQL text depends only on the shape of the query; its values are parameters. */
export interface Select {
  readonly sql: string;
  readonly parameters: readonly Parameter[];
}

/**
 * Gives a document as JSON text. With `latest` fields, an object of these follows. `parseDocuments` merges the two,
 * because merging in SQL would double the cost of a page.
 */
function documentOf({ latest }: CollectionSpec): string {
  if (!latest) return '_doc';
  return `_doc || ',' || json_object(${latest.map((field) => `'${field}', "${field}"`).join()})`;
}

/** `texts` is what one of the selects gave. */
export function parseDocuments(spec: CollectionSpec, texts: unknown): Document[] {
  if (typeof texts !== 'string') return [];
  const parsed = JSON.parse(`[${texts}]`) as Document[];
  if (!spec.latest) return parsed;
  const documents: Document[] = [];
  for (let i = 0; i < parsed.length; i += 2)
    documents.push(Object.assign(parsed[i] as Document, parsed[i + 1]));
  return documents;
}

export function selectById(spec: CollectionSpec, id: string): Select {
  return { sql: `SELECT ${documentOf(spec)} FROM ${tableOf(spec.name)} WHERE _id = ?`, parameters: [id] };
}

/**
 * Gives the page as one row with one text, in which commas separate the documents, because fetching a row from the
 * driver costs as much as reading it. SQLite keeps the order of the inner query, because that query has the LIMIT.
 */
export function selectPage(spec: CollectionSpec, query: Query): Select {
  const { sql, parameters } = condition(spec, query);
  const direction = query.sort.direction === 'ascending' ? 'ASC' : 'DESC';
  const byField = query.sort.field === 'id' ? '' : `"${query.sort.field}" ${direction}, `;
  return {
    sql: `SELECT group_concat(d) FROM (SELECT ${documentOf(spec)} AS d FROM ${tableOf(spec.name)} WHERE ${sql} ORDER BY ${byField}_id ${direction} LIMIT ? OFFSET ?)`,
    parameters: [...parameters, query.limit, query.skip ?? 0],
  };
}

export function selectCount(spec: CollectionSpec, query: Pick<Query, 'where' | 'contains'>): Select {
  if (isCounted(spec, query)) return selectCounter(spec, query.where);
  const { sql, parameters } = condition(spec, query);
  return { sql: `SELECT count(*) FROM ${tableOf(spec.name)} WHERE ${sql}`, parameters };
}

function isCounted(
  { countBy }: CollectionSpec,
  { where, contains }: Pick<Query, 'where' | 'contains'>,
): boolean {
  if (!countBy || contains || Object.keys(where).length !== countBy.length) return false;
  return countBy.every((field) => Object.hasOwn(where, field));
}

function selectCounter(spec: CollectionSpec, where: Query['where']): Select {
  const countBy = spec.countBy ?? [];
  // The driver binds every number as a float, and `[1.0]` is not the key `[1]`.
  const values = countBy.map((field) => (spec.fields[field] === 'integer' ? 'CAST(? AS INTEGER)' : '?'));
  return {
    sql: `SELECT n FROM ${counterOf(spec)} WHERE key = json_array(${values.join()})`,
    parameters: countBy.map((field) => where[field] ?? null),
  };
}

function condition(spec: CollectionSpec, { where, contains }: Pick<Query, 'where' | 'contains'>): Select {
  const terms: string[] = [];
  const parameters: Parameter[] = [];
  for (const [field, value] of Object.entries(where)) {
    if (value === null) {
      terms.push(`"${field}" IS NULL`);
    } else if (spec.fields[field] === 'strings') {
      // Searching for the quoted text first skips nearly all rows that do not match, at a fifth of the cost.
      terms.push(`instr("${field}", ?) AND EXISTS (SELECT 1 FROM json_each("${field}") WHERE value = ?)`);
      parameters.push(JSON.stringify(value), value);
    } else {
      terms.push(`"${field}" = ?`);
      parameters.push(value);
    }
  }
  // The columns of a removed document are null, so a condition on any value excludes it already.
  if (parameters.length === 0) terms.push('_doc IS NOT NULL');
  if (contains) {
    const pattern = `%${contains.text.replaceAll(/[\\%_]/g, '\\$&')}%`;
    terms.push(`(${contains.fields.map((field) => `"${field}" LIKE ? ESCAPE '\\'`).join(' OR ')})`);
    for (const _ of contains.fields) parameters.push(pattern);
  }
  return { sql: terms.join(' AND '), parameters };
}
