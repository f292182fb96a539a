import { AppError } from '#libs/kernel';
import type { Change, CollectionSpec, Document, Query, RecordPage } from './read-store';

type Filter = Pick<Query, 'where' | 'contains'>;

const COLLECTION_NAME = /^[a-z][a-z0-9_]{0,62}$/;
// The engines use names that begin with `_`.
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const REVISION = /^(0|[1-9]\d{0,17})$/;
/** Longer than any search text that the API accepts (255 characters). It bounds the work for each document. */
const CONTAINS_CHARS_MAX = 1_000;

/**
 * The collections that a store was told about. It checks every name and value before an engine gets it. Names must be
 * declared; values must be plain strings, integers or null, whatever their TypeScript types say. MongoDB would read an
 * object from a request as an operator. Fails with VALIDATION_FAILED.
 */
export class CollectionCatalog {
  readonly #specs = new Map<string, CollectionSpec>();

  add(spec: CollectionSpec): void {
    assertSpec(spec);
    this.#specs.set(spec.name, spec);
  }

  /** Fails with STORE_UNAVAILABLE for a collection that was not added yet. */
  get(collection: string): CollectionSpec {
    const spec = this.#specs.get(collection);
    if (spec) return spec;
    throw new AppError('STORE_UNAVAILABLE', { cause: new Error(`${collection} is not there yet`) });
  }

  assertChange(change: Change): void {
    const spec = this.get(change.collection);
    if (change.kind === 'put') assertDocument(spec, change.document);
    else assertId(change.id);
    if (change.kind === 'advance') {
      check(spec.latest?.includes(change.field) && isText(change.to), change.field, 'is no `latest` field');
    } else {
      check(REVISION.test(change.revision), 'revision', 'must be a decimal revision');
    }
  }
}

/** Tells whether a name may be that of a collection. Everything else that an engine stores has other names. */
export function isCollectionName(name: string): boolean {
  return COLLECTION_NAME.test(name);
}

function assertName(collection: string): void {
  check(isCollectionName(collection), 'name', 'is no collection name');
}

export function assertRecordPage(collection: string, { afterId, limit }: RecordPage): void {
  assertName(collection);
  check(isText(afterId), 'afterId', 'must be text');
  check(Number.isSafeInteger(limit) && limit > 0, 'limit', 'must be a positive integer');
}

export function assertSpec(spec: CollectionSpec): void {
  assertName(spec.name);
  for (const field of [...Object.keys(spec.fields), ...(spec.latest ?? [])]) {
    check(FIELD_NAME.test(field) && field !== 'id', field, 'is no field name');
  }
  for (const field of [...spec.indexes.flat(), ...(spec.countBy ?? [])]) fieldType(spec, field);
}

export function assertId(id: unknown): asserts id is string {
  check(isText(id) && id !== '', 'id', 'must be text');
}

/** Fails with VALIDATION_FAILED unless the declared fields of `document` are null or of their types. */
export function assertDocument(spec: CollectionSpec, document: Document): void {
  assertId(document.id);
  for (const [field, type] of Object.entries(spec.fields)) {
    const value = document[field] ?? null;
    const valid = type === 'strings' ? Array.isArray(value) && value.every(isText) : isScalar(type, value);
    check(value === null || valid, field, `must be null or of type ${type}`);
  }
}

export function assertFilter(spec: CollectionSpec, { where, contains }: Filter): void {
  for (const [field, value] of Object.entries(where)) {
    const type = fieldType(spec, field);
    check(value === null || isScalar(type, value), field, 'must be null, or a plain value of its type');
  }
  if (contains === undefined) return;
  check(contains.fields.length > 0, 'contains', 'must name a field');
  for (const field of contains.fields) assertTextField(spec, field);
  const { text } = contains;
  // SQLite and MongoDB treat the text behind a NUL differently.
  const searchable = isText(text) && text.length <= CONTAINS_CHARS_MAX && !text.includes('\0');
  check(searchable, 'contains', `must be text of at most ${CONTAINS_CHARS_MAX} characters`);
}

export function assertQuery(spec: CollectionSpec, query: Query): void {
  assertFilter(spec, query);
  const { field, direction } = query.sort;
  check(field === 'id' || fieldType(spec, field) !== 'strings', 'sort', 'must be by a field with one value');
  check(['ascending', 'descending'].includes(direction), 'sort', 'must have a direction');
  check(Number.isSafeInteger(query.limit) && query.limit > 0, 'limit', 'must be a positive integer');
  check(Number.isSafeInteger(query.skip ?? 0) && (query.skip ?? 0) >= 0, 'skip', 'must not be negative');
}

export function assertTextField(spec: CollectionSpec, field: string): void {
  check(fieldType(spec, field) === 'string', field, 'must be a declared field of type string');
}

function fieldType(spec: CollectionSpec, field: string): 'string' | 'integer' | 'strings' {
  const type = Object.hasOwn(spec.fields, field) ? spec.fields[field] : undefined;
  check(type, 'field', 'is not declared');
  return type;
}

/** A query compares a `strings` field with one of its members. */
function isScalar(type: 'string' | 'integer' | 'strings', value: unknown): boolean {
  return type === 'integer' ? Number.isSafeInteger(value) : isText(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function check(condition: unknown, field: string, message: string): asserts condition {
  if (!condition) throw new AppError('VALIDATION_FAILED', { details: [{ field, message }] });
}
