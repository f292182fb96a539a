import { productFiles, read } from './tracked-files';

const page = read('docs/guide/limits.md');

/** Numbers that bound nothing a client asks for. */
const noLimits = new Set([
  'PORT',
  ...['KAFKA_TOPIC_PARTITIONS', 'KAFKA_TOPIC_REPLICATION', 'KAFKA_TOPIC_RETENTION_DAYS'],
  'KAFKA_MIN_INSYNC_REPLICAS',
]);

/** `NAME: integer(default, from, to)`, as in test/house/settings.spec.ts. */
const settings = productFiles()
  .filter((file) => /\/config\.ts$|^libs\/[^/]+\/src\/[a-z]+-settings\.ts$/.test(file))
  .flatMap((file) => [...read(file).matchAll(/([A-Z][A-Z0-9_]+): integer\(([\d_]+), ([\d_]+), ([\d_]+)\)/g)])
  .map(([, name = '', ...numbers]) => [name, ...numbers.map((text) => Number(text.replaceAll('_', '')))])
  .filter(([name]) => !noLimits.has(String(name)));

const cells = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const rows = page
  .split('\n')
  .filter((line) => /^\| /.test(line) && !/^\| -/.test(line))
  .map(cells);

const numberOf = (text: string) => Number(text.replaceAll(',', '').split(' ')[0]);
const UNITS: Record<string, number> = { KiB: 1_024, s: 1_000, h: 3_600_000 };

/** `24 h` in the unit of the constant: milliseconds, bytes, or just so many. */
const amountOf = (text: string) => numberOf(text) * (UNITS[text.split(' ')[1] ?? ''] ?? 1);

/** The value of `const NAME = …;`, which is a product of numbers, or the longest text that a pattern takes. */
function constant(name: string, file: string): number {
  const [, expression = ''] = new RegExp(`^(?:export )?const ${name} = (.+);$`, 'm').exec(read(file)) ?? [];
  const pattern = /^\/(.+)\/[a-z]*$/.exec(expression)?.[1];
  if (pattern !== undefined) return longest(new RegExp(pattern, 'u'));
  if (!/^[\d_]+( \* [\d_]+)*$/.test(expression)) return Number.NaN;
  return expression.split(' * ').reduce((product, text) => product * Number(text.replaceAll('_', '')), 1);
}

function longest(pattern: RegExp): number {
  const lengths = Array.from({ length: 2_000 }, (_, length) => length);
  return lengths.findLast((length) => ['A', 'a'].some((letter) => pattern.test(letter.repeat(length)))) ?? 0;
}

describe('docs/guide/limits.md', () => {
  it('lists every setting that is a limit, with its default and range', () => {
    const listed = rows
      .filter((row) => row.length === 6 && row[0]?.startsWith('`'))
      .map(([name = '', ...numbers]) => [name.replaceAll('`', ''), ...numbers.slice(0, 3).map(numberOf)]);
    const byName = (all: unknown[][]) => [...new Set(all.map((row) => JSON.stringify(row)))].sort();
    expect(byName(listed)).toEqual(byName(settings));
  });

  const fixed = rows.filter((row) => row.length === 4 && row[3] !== 'in the code');

  it.each(fixed)('says of "%s" what the code says', (_what, limit = '', _beyond, place = '') => {
    const [, name = '', file = ''] = /^`(\w+)` in `([^`]+)`$/.exec(place) ?? [];
    expect({ place, amount: constant(name, file) }).toEqual({ place, amount: amountOf(limit) });
  });

  it('names codes that there are', () => {
    const codes = new Set([...read('docs/errors.md').matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code));
    const named = [...page.matchAll(/\d{3} `([A-Z_]+)`/g)].map(([, code]) => code);
    expect(named.filter((code) => !codes.has(code))).toEqual([]);
    expect(fixed.length).toBeGreaterThan(25);
  });
});
