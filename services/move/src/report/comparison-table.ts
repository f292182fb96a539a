import { isEqual, type Comparison } from '../comparison/compare';
import { thousands } from './progress';

/** The digits that are shown. The comparison uses all digits. */
const HASH_DIGITS = 16;

/** Gives a table with a row for each part. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((found) => [
    found.part,
    thousands(found.source.count),
    thousands(found.target.count),
    found.source.sha256.slice(0, HASH_DIGITS),
    found.target.sha256.slice(0, HASH_DIGITS),
    verdict(found),
  ]);
  const table = [['', 'source', 'target', 'SHA-256, source', 'SHA-256, target', ''], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) =>
    cells.map((cell, column) => aligned(cell, column, widths?.[column] ?? 0)).join('  '),
  );
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function verdict(found: Comparison): string {
  if (isEqual(found)) return 'equal';
  if (found.stranger !== null) return `differ: ${found.stranger}`;
  return `${thousands(found.missing)} missing`;
}

/** Aligns the two columns of numbers to the right. */
function aligned(cell: string, column: number, width: number): string {
  return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width);
}
