const LENGTH_BYTES = 4;

/**
 * Joins parts so that two different lists never give the same bytes: the length of each part stands before it. Text
 * must be well-formed and is written as UTF-8, a number as decimal text.
 */
export function lengthPrefixed(...parts: readonly (string | number | Uint8Array)[]): Buffer {
  const fields = parts.map((part) => (typeof part === 'number' ? String(part) : part));
  let size = 0;
  for (const field of fields)
    size += LENGTH_BYTES + (typeof field === 'string' ? Buffer.byteLength(field) : field.length);
  const joined = Buffer.allocUnsafe(size);
  let at = 0;
  for (const field of fields) {
    const start = at + LENGTH_BYTES;
    if (typeof field !== 'string') joined.set(field, start);
    const length = typeof field === 'string' ? joined.write(field, start) : field.length;
    joined.writeUInt32BE(length, at);
    at = start + length;
  }
  return joined;
}
