import * as v from 'valibot';

type Fields = Readonly<Record<string, v.GenericSchema>>;

/**
 * Gives a reply's shape a name in the OpenAPI document, and a sentence to each field that needs one. Only the document
 * uses the result. Contracts are checked on every request, and a schema with descriptions is slower to check.
 */
export function described<Entries extends Fields>(
  name: string,
  shape: v.StrictObjectSchema<Entries, undefined>,
  sentences: { readonly [Field in keyof Entries]?: string } = {},
): v.GenericSchema<v.InferOutput<typeof shape>> {
  const entries = Object.entries(shape.entries as Fields).map(([field, entry]) => {
    const sentence = sentences[field];
    return [field, sentence === undefined ? entry : v.pipe(entry, v.description(sentence))];
  });
  const schema = v.strictObject(Object.fromEntries(entries) as Entries);
  return v.pipe(schema, v.title(name));
}
