// Crockford's base 32, lower case. It leaves out i, l, o and u, so that people do not misread its characters.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Encodes bytes, five bits to a character: 16 bytes give 26 characters. */
export function base32Encode(bytes: Uint8Array): string {
  let bits = 0;
  let buffer = 0;
  let text = '';
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((buffer >>> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((buffer << (5 - bits)) & 31) : text;
}

/** Gives a character for each byte, by its lower five bits. 32 divides 256, so random bytes give all equally often. */
export function base32Of(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte & 31)).join('');
}
