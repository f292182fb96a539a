/** A name that is no setting, and the setting that it is a slip away from: null when there is none. */
export interface StrangeName {
  readonly name: string;
  readonly meant: string | null;
}

/** What docker compose, Node and OpenSSL read of the same environment, or of the same file. */
const OTHERS = /^((COMPOSE|DOCKER|HKLST|NODE|SSL)_|TZ$)/;

/** The names of all settings, as .env.example lists them; a house test holds it to what the processes read. */
export function settingNames(example: string): string[] {
  return [...example.matchAll(/^#([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);
}

/** Those of `names` that are neither `known` nor for others, each with the known name that was meant. */
export function strangeNames(names: readonly string[], known: readonly string[]): StrangeName[] {
  return names
    .filter((name) => !known.includes(name) && !OTHERS.test(name))
    .map((name) => ({ name, meant: known.find((other) => isSlipOf(name.toUpperCase(), other)) ?? null }));
}

/**
 * Names in a sentence. What looks like none is not repeated: in a file of settings it may be a line of a key, which is
 * read as a name up to its `=`.
 */
export function describeNames(strange: readonly StrangeName[]): string {
  const described = strange.map(({ name, meant }) => {
    if (meant !== null) return `${name} (is ${meant} meant?)`;
    return /^[A-Z][A-Z0-9_]{0,39}$/.test(name) ? name : 'a line that begins with no name';
  });
  return [...new Set(described)].join(', ');
}

/** One change in a short name, two in a longer one: HOME is not HOST. */
function isSlipOf(name: string, known: string): boolean {
  return editsBetween(name, known) <= (known.length < 8 ? 1 : 2);
}

/** How many letters to insert, remove, replace, or swap with the next one (optimal string alignment). */
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
