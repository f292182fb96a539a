const LENGTH_BYTES = 4;

/**
 * Joins parts so that no two different lists give the same bytes: each part follows its own length, so
 * nothing can move from one field to the next. Text is UTF-8 and must be well-formed, numbers are decimal text.
 */
export function lengthPrefixed(...parts: readonly (string | number | Uint8Array)[]): Buffer {
  const fields = parts.map((part) => (typeof part === 'number' ? String(part) : part));
  const sizes = fields.map((field) => (typeof field === 'string' ? Buffer.byteLength(field) : field.length));
  const joined = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + LENGTH_BYTES + size, 0));
  let at = 0;
  for (const [index, field] of fields.entries()) {
    at = joined.writeUInt32BE(sizes[index] ?? 0, at);
    if (typeof field === 'string') joined.write(field, at);
    else joined.set(field, at);
    at += sizes[index] ?? 0;
  }
  return joined;
}
