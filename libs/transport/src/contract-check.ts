import * as v from 'valibot';

type Check = (value: unknown) => boolean;
type AnySchema = v.GenericSchema & Record<string, unknown>;

/**
 * Compiles a contract's schema into a function that tells whether a value has exactly its shape. Every message of every
 * request is checked, and valibot takes ten times as long for a page of a list, because it also makes a copy and
 * explains what is wrong.
 */
export function compileCheck(schema: v.GenericSchema): Check {
  const { type, pipe } = schema as AnySchema;
  const compile = pipe === undefined ? compilers[type] : undefined;
  return compile?.(schema as AnySchema) ?? ((value) => v.is(schema, value));
}

/**
 * Names the place where a value breaks its contract, as the schema calls it. A field that the schema does not know is
 * not repeated.
 */
export function firstBreach(schema: v.GenericSchema, value: unknown): string {
  const issue = v.safeParse(schema, value, { abortEarly: true }).issues?.[0];
  if (!issue) return 'unknown';
  return issue.expected === 'never' ? 'unknown field' : (v.getDotPath(issue) ?? 'whole');
}

/** A kind that is listed here means what it means in valibot. valibot checks all other kinds. */
const compilers: Record<string, ((schema: AnySchema) => Check) | undefined> = {
  string: () => (value) => typeof value === 'string',
  boolean: () => (value) => typeof value === 'boolean',
  // Stricter than valibot, because JSON would turn an infinite number into null.
  number: () => Number.isFinite,
  picklist: (schema) => {
    const options = new Set(schema['options'] as unknown[]);
    return (value) => options.has(value);
  },
  instance: (schema) => {
    const expected = schema['class'] as new () => unknown;
    return (value) => value instanceof expected;
  },
  nullable: (schema) => {
    const check = compileCheck(schema['wrapped'] as v.GenericSchema);
    return (value) => value === null || check(value);
  },
  optional: (schema) => {
    const check = compileCheck(schema['wrapped'] as v.GenericSchema);
    return (value) => value === undefined || check(value);
  },
  array: (schema) => {
    const check = compileCheck(schema['item'] as v.GenericSchema);
    return (value) => Array.isArray(value) && value.every(check);
  },
  strict_object: (schema) => {
    const entries = Object.entries(schema['entries'] as Record<string, v.GenericSchema>);
    const fields = entries.map(([name, entry]) => [name, compileCheck(entry)] as const);
    const names = new Set(entries.map(([name]) => name));
    return (value) => {
      if (typeof value !== 'object' || value === null) return false;
      for (const name in value) if (!names.has(name)) return false;
      return fields.every(([name, check]) => check((value as Record<string, unknown>)[name]));
    };
  },
};
