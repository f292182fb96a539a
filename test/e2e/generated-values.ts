import fc, { type Arbitrary } from 'fast-check';
import type { JsonSchema } from './api-document';

/** Text that fits few rules of the API: empty, very long, or with a meaning in some other language. */
export const strangeText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    '1e3',
    'null',
    'true',
    '[]',
    '{"$ne":null}',
    '../..',
    "' OR 1=1 --",
    '%00',
    '__proto__',
  ),
  fc.integer({ min: 200, max: 12_000 }).map((length) => 'x'.repeat(length)),
);

export const strangeJson: Arbitrary<unknown> = fc.oneof(
  strangeText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, 0, -1, true, [], {}, [[]], [null], { $gt: '' }),
);

/** Generates values that fit the schema. Knows only the keywords of our document, and throws for an unknown type. */
function fitting(schema: JsonSchema): Arbitrary<unknown> {
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const [type, ...others] = [schema['type']].flat() as string[];
  const value = byType[type ?? '']?.(schema);
  if (!value) throw new Error(`No values are known for ${JSON.stringify(schema)}`);
  return others.includes('null')
    ? fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) })
    : value;
}

const byType: Record<string, ((schema: JsonSchema) => Arbitrary<unknown>) | undefined> = {
  string: fittingText,
  boolean: () => fc.boolean(),
  integer: ({ minimum = 0, maximum = 100 }) => {
    const [min, max] = [minimum as number, maximum as number];
    return fc.oneof(fc.integer({ min, max: Math.min(max, min + 5) }), fc.integer({ min, max }));
  },
  array: ({ items, maxItems = 5, uniqueItems }) => {
    const item = fitting(items as JsonSchema);
    const maxLength = Math.min(maxItems as number, 20);
    return uniqueItems === true ? fc.uniqueArray(item, { maxLength }) : fc.array(item, { maxLength });
  },
  object: ({ properties = {}, required = [], not }) => {
    const fields = Object.entries(properties as Record<string, JsonSchema>).map(([name, field]) => [
      name,
      fitting(field),
    ]);
    const apart = (not as { required?: string[] } | undefined)?.required;
    return fc
      .record(Object.fromEntries(fields) as Record<string, Arbitrary<unknown>>, {
        requiredKeys: required as string[],
        noNullPrototype: true,
      })
      .filter((value) => !apart?.every((name) => name in value));
  },
};

function fittingText({ pattern, format, minLength = 0, maxLength = 50 }: JsonSchema): Arbitrary<string> {
  const [min, max] = [minLength as number, maxLength as number];
  if (typeof pattern === 'string') return matching(pattern).filter((text) => text.length <= max);
  if (typeof format === 'string') {
    const inFormat = byFormat[format];
    if (!inFormat) throw new Error(`No texts are known in the format ${format}`);
    return inFormat;
  }
  const text = (longest: number) => fc.string({ unit: 'binary', minLength: min, maxLength: longest });
  return fc.oneof(
    { weight: 9, arbitrary: text(Math.min(max, min + 20)) },
    fc.integer({ min: Math.max(min, max - 1), max }).map((length) => '😀'.repeat(length)),
  );
}

/** Generates mostly short texts, and few at the length limit, so that two requests often use the same name. */
function matching(pattern: string): Arbitrary<string> {
  const exact = new RegExp(pattern, 'u');
  // A negated class matches too many characters to enumerate, so texts are drawn at random and filtered.
  if (/\[\^|\\P/.test(pattern))
    return fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => exact.test(text));
  const short = pattern.replaceAll(
    /\{(\d),\d{2,}\}/g,
    (_, least: string) => `{${least},${Number(least) + 1}}`,
  );
  return fc.oneof(
    { weight: 9, arbitrary: fc.stringMatching(new RegExp(short)) },
    fc.stringMatching(new RegExp(pattern)),
  );
}

const byFormat: Record<string, Arbitrary<string> | undefined> = {
  // Future times only: a schema cannot say that an expiry must not lie in the past.
  'date-time': fc
    .date({ min: new Date('2100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  password: fc.string({ unit: 'grapheme-ascii', minLength: 20, maxLength: 40 }),
  email: fc.emailAddress({ size: 'small' }),
  cidr: fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.tuple(fc.ipV4(), fc.nat(32)).map((parts) => parts.join('/')),
    fc.tuple(fc.ipV6(), fc.nat(128)).map((parts) => parts.join('/')),
  ),
};

/** Generates mostly values that fit. The others have one wrong field, or are arbitrary JSON. */
export function nearlyFitting(schema: JsonSchema): Arbitrary<unknown> {
  const good = fitting(schema);
  const spoilt = fc
    .tuple(good, fc.nat(), strangeJson, strangeText)
    .map(([value, place, strange, name]) => spoil(value, { place, strange, name }));
  return fc.oneof({ weight: 6, arbitrary: good }, { weight: 3, arbitrary: spoilt }, strangeJson);
}

/** Generates mostly texts that fit, for a path, a query or a header. The others are strange texts. */
export function nearlyFittingText(schema: JsonSchema): Arbitrary<string> {
  return fc.oneof({ weight: 9, arbitrary: fitting(schema).map(String) }, strangeText);
}

/** Replaces, drops or adds one field of the value, at some depth. */
function spoil(value: unknown, how: { place: number; strange: unknown; name: string }): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return how.strange;
  const { place, strange, name } = how;
  const fields = Object.entries(value as Record<string, unknown>);
  const [field = name, inner] = fields[Math.floor(place / 3) % Math.max(fields.length, 1)] ?? [];
  if (typeof inner === 'object' && inner !== null && !Array.isArray(inner) && place % 5 > 0)
    return { ...value, [field]: spoil(inner, { ...how, place: Math.floor(place / 5) }) };
  if (place % 3 === 0) return Object.fromEntries(fields.filter(([other]) => other !== field));
  return place % 3 === 1 ? { ...value, [field]: strange } : { ...value, [name]: strange };
}
