const LENGTH_BYTES = 4;

/**
 * Joins parts so that no two different lists give the same bytes: each part follows its own length, so
 * nothing can move from one field to the next. Text is UTF-8 and must be well-formed, numbers are decimal text.
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
