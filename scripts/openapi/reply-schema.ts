import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import type { JsonSchema } from '../../services/api-gateway/src/openapi/operation';
import type { Components } from './components';

/** Gives the schema of a reply. Shapes with a title become components. */
export function replySchema(reply: v.GenericSchema, components: Components): JsonSchema {
  const { $schema: _, ...schema } = toJsonSchema(reply, { target: 'draft-2020-12' });
  return published('', schema, components) as JsonSchema;
}

/**
 * Adds the rules that all replies follow and contracts do not repeat (REST contract, ground rules): fields that end in
 * `_at` hold times, numbers are integers, and fields may be added, so a client must not refuse unknown ones.
 */
function published(field: string, schema: unknown, components: Components): unknown {
  if (Array.isArray(schema)) return schema.map((part) => published(field, part, components));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { title, ...rest } = open(schema as JsonSchema);
  const parts = Object.entries(rest).map(([key, part]) => {
    if (key === 'properties') return [key, publishedFields(part as JsonSchema, components)];
    return [key, published(field, part, components)];
  });
  const whole = { ...(Object.fromEntries(parts) as JsonSchema), ...told(field, rest) };
  return typeof title === 'string' ? components.refer('schemas', title, whole) : whole;
}

function publishedFields(properties: JsonSchema, components: Components): JsonSchema {
  const fields = Object.entries(properties).map(([name, part]) => [name, published(name, part, components)]);
  return Object.fromEntries(fields) as JsonSchema;
}

/** Removes the keywords that forbid further fields, and those that are true of every object. */
function open({ additionalProperties, propertyNames: _, ...schema }: JsonSchema): JsonSchema {
  return additionalProperties === false || additionalProperties === undefined
    ? schema
    : { ...schema, additionalProperties };
}

function told(field: string, { type }: JsonSchema): JsonSchema {
  if (type === 'string' && field.endsWith('_at')) return { format: 'date-time' };
  return type === 'number' ? { type: 'integer' } : {};
}
