/** A name that is no setting, and the setting that it seems to misspell; null when there is none. */
export interface StrangeName {
  readonly name: string;
  readonly meant: string | null;
}

/** Names that docker compose, Node and OpenSSL read from the same environment or file. */
const OTHERS = /^((COMPOSE|DOCKER|HKLST|NODE|SSL)_|TZ$)/;

/** Reads the names of all settings from the text of .env.example. A house test compares them with the processes. */
export function settingNames(example: string): string[] {
  return [...example.matchAll(/^#([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);
}

/** Gives those of `names` that are neither `known` nor for other programs, each with the known name it resembles. */
export function strangeNames(names: readonly string[], known: readonly string[]): StrangeName[] {
  return names
    .filter((name) => !known.includes(name) && !OTHERS.test(name))
    .map((name) => ({ name, meant: known.find((other) => isSlipOf(name.toUpperCase(), other)) ?? null }));
}

/**
 * Lists names for a sentence. A text that does not look like a name is not repeated: in a file of settings it may be a
 * line of a key, which is read as a name up to its `=`.
 */
export function describeNames(strange: readonly StrangeName[]): string {
  const described = strange.map(({ name, meant }) => {
    if (meant !== null) return `${name} (is ${meant} meant?)`;
    return /^[A-Z][A-Z0-9_]{0,39}$/.test(name) ? name : 'a line that begins with no name';
  });
  return [...new Set(described)].join(', ');
}

/** Allows one edit in a short name and two in a longer one, so that HOME does not resemble HOST. */
function isSlipOf(name: string, known: string): boolean {
  return editsBetween(name, known) <= (known.length < 8 ? 1 : 2);
}

/** The edit distance with swaps of neighbouring letters (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const at = (of: number[], index: number) => of[index] ?? Infinity;
      const replaced = at(last, j - 1) + Number(a[i - 1] !== b[j - 1]);
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? Infinity;
}
