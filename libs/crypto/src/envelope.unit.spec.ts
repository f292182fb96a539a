import { createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { AppError } from '#libs/kernel';
import {
  ENVELOPE_OVERHEAD_BYTES,
  newDataKeyId,
  openEnvelope,
  PLAINTEXT_BYTES_MAX,
  sealEnvelope,
} from './envelope';
import vectors from './vectors-v1.json';

/** How many seals must not share a nonce or an id. A million pass as well; it takes half a minute. */
const SEALS = 100_000;

const now = new Date();
const dataKey = randomBytes(32);
const dataKeyId = newDataKeyId(now);
const binding = { orgId: 'org_a', secretId: 'sec_a', version: 1 };
const mine = { dataKey, dataKeyId, binding };
const envelope = sealEnvelope({ ...mine, plaintext: Buffer.from('correct horse') });

/** What `act` throws is INTEGRITY_ERROR and tells no more than any other INTEGRITY_ERROR. */
function expectRefused(act: () => unknown): void {
  const refusal = new AppError('INTEGRITY_ERROR');
  expect(act).toThrow(refusal);
  try {
    act();
  } catch (error) {
    expect(error).toMatchObject({ code: 'INTEGRITY_ERROR', safeMessage: refusal.safeMessage });
    expect(error).toMatchObject({ cause: undefined, details: undefined });
  }
}

const fromVector = (vector: (typeof vectors.envelopes.fail)[number]) => ({
  dataKey: Buffer.from(vector.dataKey, 'hex'),
  dataKeyId: vector.dataKeyId,
  binding: { orgId: vector.orgId, secretId: vector.secretId, version: vector.version },
  envelope: Buffer.from(vector.envelope, 'hex'),
});

describe('envelope v1, known answers', () => {
  it.each(vectors.envelopes.open)('opens: $name', (vector) => {
    expect(openEnvelope(fromVector(vector)).toString('hex')).toBe(vector.plaintext);
  });

  it.each(vectors.envelopes.fail)('refuses: $name', (vector) => {
    expectRefused(() => openEnvelope(fromVector(vector)));
  });

  it('are what the format says, worked out by hand', () => {
    const vector = vectors.envelopes.open[0]!;
    const bytes = Buffer.from(vector.envelope, 'hex');
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from('SV\x01\x01', 'latin1'));
    expect(bytes.subarray(4, 20).toString('hex')).toBe(vector.dataKeyId);
    const salt = Buffer.from(vector.dataKeyId, 'hex');
    const keys = Buffer.from(
      hkdfSync('sha256', Buffer.from(vector.dataKey, 'hex'), salt, 'sv/v1/envelope-keys', 64),
    );
    expect(bytes.subarray(20, 52)).toEqual(keys.subarray(32));
    const decipher = createDecipheriv('aes-256-gcm', keys.subarray(0, 32), bytes.subarray(52, 64));
    const field = (part: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, part.length]), part]);
    const texts = [vector.orgId, vector.secretId, '1'].map((text) => field(Buffer.from(text)));
    decipher.setAAD(
      Buffer.concat([field(Buffer.from('sv/v1/value')), field(bytes.subarray(0, 64)), ...texts]),
    );
    decipher.setAuthTag(bytes.subarray(-16));
    const opened = Buffer.concat([decipher.update(bytes.subarray(64, -16)), decipher.final()]);
    expect(opened.toString()).toBe('correct horse');
  });
});

describe('sealEnvelope and openEnvelope', () => {
  it('give back any bytes sealed for any place', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const place = fc.record({ orgId: text, secretId: text, version: fc.maxSafeNat() });
    fc.assert(
      fc.property(place, fc.uint8Array({ maxLength: 2_000 }), (where, plaintext) => {
        const sealed = sealEnvelope({ ...mine, binding: where, plaintext });
        expect(sealed).toHaveLength(plaintext.length + ENVELOPE_OVERHEAD_BYTES);
        expect(openEnvelope({ ...mine, binding: where, envelope: sealed })).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it('take plaintexts up to the limit', () => {
    const plaintext = Buffer.alloc(PLAINTEXT_BYTES_MAX, 'x');
    expect(openEnvelope({ ...mine, envelope: sealEnvelope({ ...mine, plaintext }) })).toEqual(plaintext);
    expect(() => sealEnvelope({ ...mine, plaintext: Buffer.alloc(PLAINTEXT_BYTES_MAX + 1) })).toThrow(
      RangeError,
    );
  });

  it('refuse an envelope with any one bit flipped', () => {
    expect(openEnvelope({ ...mine, envelope }).toString()).toBe('correct horse');
    for (let bit = 0; bit < envelope.length * 8; bit++) {
      const changed = Buffer.from(envelope);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expectRefused(() => openEnvelope({ ...mine, envelope: changed }));
    }
  });

  it('refuse an envelope cut to any length, at either end, or with bytes appended', () => {
    for (let length = 0; length < envelope.length; length++) {
      expectRefused(() => openEnvelope({ ...mine, envelope: envelope.subarray(0, length) }));
      expectRefused(() => openEnvelope({ ...mine, envelope: envelope.subarray(envelope.length - length) }));
    }
    for (let more = 1; more <= 64; more++) {
      expectRefused(() => openEnvelope({ ...mine, envelope: Buffer.concat([envelope, Buffer.alloc(more)]) }));
    }
  });

  it('refuse any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, dressed) => {
        const forged = dressed ? Buffer.concat([envelope.subarray(0, 20), bytes]) : bytes;
        expectRefused(() => openEnvelope({ ...mine, envelope: forged }));
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuse an envelope of another version, secret or organization, even under the same data key', () => {
    for (const elsewhere of [{ version: 2 }, { secretId: 'sec_b' }, { orgId: 'org_b' }]) {
      const moved = { ...binding, ...elsewhere };
      expectRefused(() => openEnvelope({ ...mine, binding: moved, envelope }));
      const theirs = sealEnvelope({ ...mine, binding: moved, plaintext: Buffer.from('theirs') });
      expectRefused(() => openEnvelope({ ...mine, envelope: theirs }));
    }
  });

  it('refuse another data key, or another id for it', () => {
    expectRefused(() => openEnvelope({ ...mine, dataKey: randomBytes(32), envelope }));
    expectRefused(() => openEnvelope({ ...mine, dataKeyId: newDataKeyId(now), envelope }));
    expectRefused(() => openEnvelope({ ...mine, dataKeyId: '', envelope }));
  });

  it('do not seal under a key or an id of the wrong size', () => {
    const plaintext = Buffer.from('x');
    expect(() => sealEnvelope({ ...mine, dataKey: randomBytes(31), plaintext })).toThrow(RangeError);
    expect(() => sealEnvelope({ ...mine, dataKeyId: 'ab', plaintext })).toThrow(RangeError);
  });

  it('share nothing between two seals of one value', () => {
    const again = sealEnvelope({
      dataKey: randomBytes(32),
      dataKeyId: newDataKeyId(now),
      binding,
      plaintext: Buffer.from('correct horse'),
    });
    for (const [from, to] of [
      [4, 20],
      [20, 52],
      [52, 64],
      [64, 77],
      [77, 93],
    ] as const) {
      expect(again.subarray(from, to)).not.toEqual(envelope.subarray(from, to));
    }
  });

  it(`never repeat a nonce, an id or a commitment in ${SEALS} seals`, () => {
    const seen = { ids: new Set<string>(), commitments: new Set<string>(), nonces: new Set<string>() };
    for (let count = 0; count < SEALS; count++) {
      const sealed = sealEnvelope({
        dataKey: randomBytes(32),
        dataKeyId: newDataKeyId(now),
        binding,
        plaintext: Buffer.from('v'),
      });
      seen.ids.add(sealed.toString('latin1', 4, 20));
      seen.commitments.add(sealed.toString('latin1', 20, 52));
      seen.nonces.add(sealed.toString('latin1', 52, 64));
    }
    expect([seen.ids.size, seen.commitments.size, seen.nonces.size]).toEqual([SEALS, SEALS, SEALS]);
  }, 60_000);
});
