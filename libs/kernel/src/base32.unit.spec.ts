import { base32Encode, base32Of } from './base32';

const every17th = Uint8Array.from({ length: 16 }, (_, at) => 17 * at);

describe('base32Encode', () => {
  it('never changes: ids in existing logs depend on it', () => {
    expect(base32Encode(every17th)).toBe('008j4ct4ank7f24snaxwsqfezw');
  });
});

describe('base32Of', () => {
  it('never changes: keys that people have depend on it', () => {
    expect(base32Of(every17th)).toBe('0h2k4n6q8savcxez');
  });
});
