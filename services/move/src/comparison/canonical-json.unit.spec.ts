import { canonicalJson } from './canonical-json';

describe('canonicalJson', () => {
  it.each<[string, string]>([
    ['{ "b": 1,\n "a": [ 1, 2 ] }', '{"a":[1,2],"b":1}'],
    ['{"a": {"d": null, "c": [{"z": 1, "y": 2}]}}', '{"a":{"c":[{"y":2,"z":1}],"d":null}}'],
    ['{"\\u0061": 1.0, "b": 1e2}', '{"a":1,"b":100}'],
    ['{"__proto__": 1, "a": 2}', '{"__proto__":1,"a":2}'],
  ])('makes one text of all spellings of %j', (spelling, text) => {
    expect(canonicalJson(JSON.parse(spelling))).toBe(text);
  });

  it.each([
    ['{"a": 1}', '{"a": "1"}'],
    ['{"a": null}', '{}'],
    ['[1, 2]', '[2, 1]'],
    ['{"a": []}', '{"a": {}}'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(canonicalJson(JSON.parse(one))).not.toBe(canonicalJson(JSON.parse(other)));
  });
});
