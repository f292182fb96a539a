/** A place in the log, as a decimal string that only grows. Compare with `comparePositions`. */
export type Position = string;

/** Negative, zero or positive, like a comparison function of `Array.sort`; null comes before everything. */
export function comparePositions(a: Position | null, b: Position | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  // Decimal strings without leading zeros: the longer one is the greater.
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
