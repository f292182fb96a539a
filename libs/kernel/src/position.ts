/** A place in the log, as a decimal string. Positions only grow. Compare them with `comparePositions`. */
export type Position = string;

/** Gives a negative number, zero or a positive one, for `Array.sort`. Null comes before every position. */
export function comparePositions(a: Position | null, b: Position | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  // Decimal strings without leading zeros: the longer one is the greater.
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
