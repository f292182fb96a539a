import { createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import vectors from './vectors-v1.json';
import { newKey, unwrapKey, wrapKey, type KeyBinding } from './wrapped-key';

const parentKey = newKey();
const key = newKey();
const binding: KeyBinding = {
  purpose: 'data',
  parent: 'org_a.1',
  id: 'ab',
  generation: 1,
  orgId: 'org_a',
  secretId: 'sec_a',
};
const wrapped = wrapKey(key, parentKey, binding);
const refusal = expect.objectContaining({
  code: 'INTEGRITY_ERROR',
  cause: undefined,
  details: undefined,
}) as Error;

const open = ({ wrapped: bytes, parentKey: parent, ...bound }: (typeof vectors.wrappedKeys.fail)[number]) =>
  unwrapKey(Buffer.from(bytes, 'hex'), Buffer.from(parent, 'hex'), bound);

describe('wrapped key v1, known answers', () => {
  it.each(vectors.wrappedKeys.open)('unwraps: $name', (vector) => {
    expect(open(vector).toString('hex')).toBe(vector.key);
  });

  it.each(vectors.wrappedKeys.fail)('refuses: $name', (vector) => {
    expect(() => open(vector)).toThrow(refusal);
  });

  it('are what the format says, worked out by hand', () => {
    const vector = vectors.wrappedKeys.open[0]!;
    const bytes = Buffer.from(vector.wrapped, 'hex');
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from('SK\x01\x01', 'latin1'));
    const decipher = createDecipheriv(
      'aes-256-gcm',
      Buffer.from(vector.parentKey, 'hex'),
      bytes.subarray(4, 16),
    );
    const { purpose, parent, id, orgId, secretId } = vector;
    const fields = ['sv/v1/key', bytes.subarray(0, 16), purpose, parent, id, '1', orgId, secretId].map(
      (part) => Buffer.from(part),
    );
    decipher.setAAD(Buffer.concat(fields.flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part])));
    decipher.setAuthTag(bytes.subarray(48));
    expect(Buffer.concat([decipher.update(bytes.subarray(16, 48)), decipher.final()]).toString('hex')).toBe(
      vector.key,
    );
  });
});

describe('wrapKey and unwrapKey', () => {
  it('give back any key in any row', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const row = fc.record({
      purpose: text,
      parent: text,
      id: text,
      generation: fc.maxSafeNat(),
      orgId: text,
      secretId: text,
    });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), row, (any, where) => {
        expect(unwrapKey(wrapKey(any, parentKey, where), parentKey, where)).toEqual(Buffer.from(any));
      }),
    );
  });

  it('refuse any one bit flipped', () => {
    expect(unwrapKey(wrapped, parentKey, binding)).toEqual(key);
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const changed = Buffer.from(wrapped);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unwrapKey(changed, parentKey, binding)).toThrow(refusal);
    }
  });

  it('refuse any other length', () => {
    expect(wrapped).toHaveLength(64);
    for (let length = 0; length < 64; length++) {
      expect(() => unwrapKey(wrapped.subarray(0, length), parentKey, binding)).toThrow(refusal);
      expect(() => unwrapKey(Buffer.concat([wrapped, Buffer.alloc(length + 1)]), parentKey, binding)).toThrow(
        refusal,
      );
    }
  });

  it('refuse any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), fc.boolean(), (bytes, dressed) => {
        const forged = Buffer.concat([dressed ? wrapped.subarray(0, 4) : newKey().subarray(0, 4), bytes]);
        expect(() => unwrapKey(forged, parentKey, binding)).toThrow(refusal);
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuse a row that differs in any field', () => {
    const fields: Partial<KeyBinding>[] = [
      { purpose: 'instance' },
      { parent: 'org_a.2' },
      { id: 'ac' },
      { generation: 2 },
      { orgId: 'org_b' },
      { secretId: 'sec_b' },
    ];
    for (const field of fields) {
      expect(() => unwrapKey(wrapped, parentKey, { ...binding, ...field })).toThrow(refusal);
    }
  });

  it('wrap keys of 32 bytes only', () => {
    expect(() => wrapKey(Buffer.alloc(31), parentKey, binding)).toThrow(RangeError);
    expect(() => wrapKey(key, Buffer.alloc(16), binding)).toThrow(RangeError);
  });

  it('wrap one key twice into different bytes', () => {
    const again = wrapKey(key, parentKey, binding);
    expect(again.subarray(4, 16)).not.toEqual(wrapped.subarray(4, 16));
    expect(again.subarray(16)).not.toEqual(wrapped.subarray(16));
  });
});
