import fc from 'fast-check';
import * as v from 'valibot';
import { Redacted } from '#libs/kernel';
import { compileCheck, firstBreach } from './contract-check';

const schema = v.strictObject({
  text: v.string(),
  count: v.number(),
  flag: v.boolean(),
  kind: v.picklist(['a', 'b']),
  value: v.instance(Redacted<string>),
  none: v.nullable(v.string()),
  maybe: v.optional(v.nullable(v.number())),
  list: v.array(v.strictObject({ id: v.string() })),
  short: v.pipe(v.string(), v.maxLength(3)),
  either: v.union([v.string(), v.number()]),
});
const good = {
  text: '',
  count: 1,
  flag: false,
  kind: 'a',
  value: new Redacted('v'),
  none: null,
  list: [{ id: 'x' }],
  short: 'abc',
  either: 1,
};

describe('compileCheck', () => {
  const check = compileCheck(schema);

  it.each([
    ['as it is', good],
    ['with what is optional', { ...good, maybe: null }],
    ['with undefined for what is optional', { ...good, maybe: undefined }],
    ['with an empty list', { ...good, list: [] }],
  ])('accepts a value %s', (_what, value) => {
    expect(check(value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['text', 1],
    ['text', 1n],
    ['text', undefined],
    ['text', new String('a')],
    ['count', '1'],
    ['count', Number.NaN],
    ['count', Number.POSITIVE_INFINITY],
    ['flag', 0],
    ['kind', 'c'],
    ['kind', 'toString'],
    ['value', 'v'],
    ['value', { $redacted: 'v' }],
    ['none', undefined],
    ['maybe', 'x'],
    ['list', { length: 0 }],
    ['list', [{ id: 1 }]],
    ['list', [{ id: 'x', more: 1 }]],
    ['list', [null]],
    ['short', 'abcd'],
    ['either', true],
  ])('refuses %s: %p', (field, value) => {
    expect(check({ ...good, [field]: value })).toBe(false);
  });

  it.each<[unknown]>([[null], [undefined], ['text'], [[]], [{}], [1n]])('refuses %p', (value) => {
    expect(check(value)).toBe(false);
  });

  it.each(['more', 'constructor', 'toString', 'hasOwnProperty'])('refuses the unknown field %s', (name) => {
    expect(check({ ...good, [name]: 'x' })).toBe(false);
    expect(check(JSON.parse(`{"__proto__": 1}`))).toBe(false);
  });

  it('agrees with valibot about whatever is thrown at it', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined));
    const item = fc.record({ id: leaf }, { requiredKeys: [] });
    const record = fc.record(
      {
        text: leaf,
        none: leaf,
        maybe: leaf,
        kind: fc.constantFrom('a', 'c'),
        list: fc.array(item),
        more: leaf,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(record, (value) => {
        const candidate = { ...good, ...value };
        expect(check(candidate)).toBe(v.is(schema, candidate));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('firstBreach', () => {
  it.each([
    ['the path of a field', { ...good, list: [{ id: 'x' }, { id: 1 }] }, 'list.1.id'],
    ['no name that the schema does not know', { ...good, 'sk-secret': 1 }, 'unknown field'],
    ['that the whole is wrong', null, 'whole'],
  ])('gives %s', (_what, value, expected) => {
    expect(firstBreach(schema, value)).toBe(expected);
  });
});
