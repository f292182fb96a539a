import { element, prose } from './element.mjs';

/** Follows `$ref` inside the document. */
export function resolve(openApi, node) {
  const ref = node?.$ref;
  if (ref === undefined) return node;
  const steps = ref.slice(2).split('/');
  return resolve(
    openApi,
    steps.reduce((found, step) => found?.[step], openApi),
  );
}

/** The properties of an object schema, those of `allOf` included. */
function fieldsOf(openApi, schema) {
  const { properties, required = [], allOf = [] } = resolve(openApi, schema) ?? {};
  const own = Object.entries(properties ?? {}).map(([name, field]) => {
    return { name, field, required: required.includes(name) };
  });
  return [...allOf.flatMap((part) => fieldsOf(openApi, part)), ...own];
}

/** A value that fits the schema, for a form to begin with. */
export function exampleOf(openApi, schema) {
  const { examples, enum: choices, type, items } = resolve(openApi, schema) ?? {};
  if (examples) return examples[0];
  if (choices) return choices[0];
  const fields = fieldsOf(openApi, schema);
  if (fields.length > 0)
    return Object.fromEntries(fields.map(({ name, field }) => [name, exampleOf(openApi, field)]));
  const [first] = [type].flat();
  const simple = {
    string: '',
    integer: 1,
    number: 1,
    boolean: false,
    array: items ? [exampleOf(openApi, items)] : [],
  };
  return simple[first] ?? null;
}

/** What one must send is worth a word, and so is what one may not count on. */
export const requestMark = ({ required }) => (required ? 'required' : '');
export const answerMark = ({ required }) => (required ? '' : 'not always');

/** A list of fields with what each may hold, objects and lists of objects opened. */
export function fieldList(openApi, schema, markOf) {
  const fields = fieldsOf(openApi, schema);
  if (fields.length === 0) return undefined;
  const items = fields.map(({ name, field, required }) => {
    const inner = resolve(openApi, field);
    const { description } = inner;
    return fieldItem(
      { name, mark: markOf({ required }), type: typeOf(openApi, inner), schema: inner, description },
      fieldList(openApi, openedBy(openApi, inner), markOf),
    );
  });
  return element('ul', { class: 'fields' }, items);
}

/** One field or parameter: its name, type and limits, what it is for, and the fields inside it. */
export function fieldItem({ name, mark, type, schema, description }, inside) {
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'field' },
      element('code', { class: 'name' }, name),
      element('span', { class: 'type' }, type),
      mark === '' ? '' : element('span', { class: 'mark' }, mark),
      limitsOf(schema).map((limit) => element('code', { class: 'limit' }, limit)),
    ),
    description ? element('p', {}, prose(description)) : '',
    inside,
  );
}

/** `string or null`, `list of Secret`: the type in words. */
export function typeOf(openApi, node) {
  const schema = resolve(openApi, node) ?? {};
  if (schema.anyOf) return schema.anyOf.map((part) => typeOf(openApi, part)).join(' or ');
  if (schema.items) return `list of ${typeOf(openApi, schema.items)}${orNull(schema)}`;
  if (schema.enum && !schema.type) return 'string';
  if (schema.format === 'date-time') return `time${orNull(schema)}`;
  return [schema.type ?? 'any'].flat().join(' or ');
}

const orNull = ({ type }) => ([type].flat().includes('null') ? ' or null' : '');

/** What a value must keep to, each as a few characters. */
function limitsOf(node) {
  const {
    minLength = 0,
    maxLength,
    minimum,
    maximum,
    maxItems,
    pattern,
    items,
    enum: choices,
    const: only,
  } = node;
  return [
    maxLength === undefined ? undefined : `${minLength} to ${maxLength} characters`,
    maximum === undefined ? undefined : `${minimum} to ${maximum}`,
    maxItems === undefined ? undefined : `at most ${maxItems}`,
    pattern ?? items?.pattern,
    only,
    ...(choices ?? []),
  ].filter((limit) => limit !== undefined);
}

/** The object inside a field, if there is one. */
function openedBy(openApi, schema) {
  const inner =
    schema.items ?? schema.anyOf?.find((part) => resolve(openApi, part).type !== 'null') ?? schema;
  return resolve(openApi, inner);
}
