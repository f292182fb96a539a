import fc from 'fast-check';
import { isId, Redacted } from '#libs/kernel';
import { hashApiKey, newApiKey, parseApiKey, verifyApiKey } from './api-key';
import vectors from './vectors-v1.json';
import { newKey } from './wrapped-key';

const parse = (text: string) => parseApiKey(new Redacted(text));
// A frozen key, so that no test depends on luck.
const known = vectors.apiKeys.open[0]!;
const pepper = Buffer.from(known.pepper, 'hex');
const key = parse(known.text)!;

describe('parseApiKey', () => {
  it('reads the known key', () => {
    expect(key.id).toBe(known.id);
    expect(hashApiKey(pepper, key)).toBe(known.hash);
  });

  it.each(vectors.apiKeys.fail)('refuses: $name', ({ text }) => {
    expect(parse(text)).toBeNull();
  });

  it('refuses a key with any one character exchanged for any other', () => {
    const others = [...'0123456789abcdefghijklmnopqrstuvwxyzABCXYZ_-+/= \n\u0000ß０'];
    for (let at = 0; at < known.text.length; at++) {
      for (const other of others.filter((character) => character !== known.text[at])) {
        expect(parse(known.text.slice(0, at) + other + known.text.slice(at + 1))).toBeNull();
      }
    }
  });

  it('refuses a key cut anywhere, with anything around it, or with two neighbours swapped', () => {
    for (let at = 0; at < known.text.length; at++) {
      expect(parse(known.text.slice(0, at))).toBeNull();
      const swapped =
        known.text.slice(0, at) +
        known.text.charAt(at + 1) +
        known.text.charAt(at) +
        known.text.slice(at + 2);
      if (swapped !== known.text) expect(parse(swapped)).toBeNull();
    }
    expect(parse(known.text + known.text)).toBeNull();
    expect(parse(`Bearer ${known.text}`)).toBeNull();
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(parse(text)).toBeNull();
        expect(parse(`hklst_${text}`)).toBeNull();
      }),
    );
  });
});

describe('newApiKey', () => {
  it('makes keys that parse, with ids of the kernel, all different', () => {
    const made = Array.from({ length: 1_000 }, () => newApiKey(new Date()));
    for (const { id, text } of made) {
      expect(isId('key', id)).toBe(true);
      expect(text.expose()).toMatch(/^hklst_[0-9a-z]{84}$/);
      expect(parseApiKey(text)?.id).toBe(id);
    }
    expect(new Set(made.map(({ text }) => text.expose().slice(32, 84))).size).toBe(made.length);
  });

  it('draws every character of the alphabet at every place of the secret', () => {
    const secrets = Array.from({ length: 1_000 }, () => newApiKey(new Date()).text.expose().slice(32, 84));
    for (let at = 0; at < 52; at++) expect(new Set(secrets.map((secret) => secret[at])).size).toBe(32);
  });

  it('cannot be printed', () => {
    const made = newApiKey(new Date());
    expect(JSON.stringify(made)).not.toContain(made.text.expose().slice(32));
    expect(String(made.text)).toBe('[redacted]');
  });
});

describe('verifyApiKey', () => {
  it('knows the key by its hash', () => {
    expect(verifyApiKey(pepper, key, hashApiKey(pepper, key))).toBe(true);
  });

  it('refuses another key, another pepper, another hash, no hash', () => {
    const hash = hashApiKey(pepper, key);
    expect(verifyApiKey(pepper, newApiKey(new Date()), hash)).toBe(false);
    expect(verifyApiKey(newKey(), key, hash)).toBe(false);
    expect(
      verifyApiKey(
        pepper,
        key,
        hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      ),
    ).toBe(false);
    for (const none of [undefined, '', 'zz', hash.slice(2), '00'.repeat(32)]) {
      expect(verifyApiKey(pepper, key, none)).toBe(false);
    }
  });

  it('gives no way from a stolen hash to a key', () => {
    const hash = hashApiKey(pepper, key);
    expect(parse(hash)).toBeNull();
    expect(parse(`hklst_${hash}`)).toBeNull();
    expect(hash).not.toContain(known.text.slice(32, 40));
  });
});
