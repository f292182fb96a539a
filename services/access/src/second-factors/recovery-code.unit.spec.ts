import { Redacted } from '#libs/kernel';
import { hashRecoveryCode, newRecoveryCode } from './recovery-code';

const pepper = new Uint8Array(32).fill(7);
const hash = (text: string, owner = 'usr_a') => hashRecoveryCode(pepper, owner, new Redacted(text));

describe('newRecoveryCode', () => {
  it('makes another one each time, in groups that can be copied', () => {
    const codes = Array.from({ length: 100 }, () => newRecoveryCode().expose());
    expect(new Set(codes).size).toBe(100);
    for (const code of codes) expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  });
});

describe('hashRecoveryCode', () => {
  it('is the same however the code was typed', () => {
    for (const typed of ['ABCD-EFGH-JKM0-1234', 'abcdefghjkm01234', ' abcd efgh jkmo i234 '])
      expect(hash(typed)).toBe(hash('abcd-efgh-jkm0-1234'));
  });

  it('differs per owner and per code', () => {
    expect(hash('abcd-efgh-jkm0-1234', 'usr_b')).not.toBe(hash('abcd-efgh-jkm0-1234'));
    expect(hash('abcd-efgh-jkm0-1235')).not.toBe(hash('abcd-efgh-jkm0-1234'));
  });
});
