import { productFiles, read } from './tracked-files';

const LINES_MAX = 400;
const P90_MAX = 250;
const MEDIAN_MAX = 90;
const EXPORTS_MAX = 25;
/** One export for each message, one for the events of each aggregate: these are as wide as the product. Every room uses the kernel. */
const EXPORTS_MAX_OF: Record<string, number> = {
  'libs/contracts/src/index.ts': 80,
  'libs/events/src/index.ts': 40,
  'libs/kernel/src/index.ts': 40,
};

/** Lines that hold code: neither blank nor comment. Prettier puts comments on lines of their own. */
function codeLines(file: string): number {
  return read(file)
    .split('\n')
    .filter((line) => !/^\s*($|\/\/|\/?\*(\s|\/|\*|$))/.test(line)).length;
}

const files = productFiles();
const sizes = files.map((file) => ({ file, lines: codeLines(file) })).sort((a, b) => a.lines - b.lines);
const quantile = (share: number) => sizes[Math.floor(share * (sizes.length - 1))]?.lines ?? 0;

describe('sizes', () => {
  it('keeps every file within the limit', () => {
    expect(sizes.filter(({ lines }) => lines > LINES_MAX)).toEqual([]);
  });

  it('keeps the files small as a whole', () => {
    expect(quantile(0.9)).toBeLessThanOrEqual(P90_MAX);
    expect(quantile(0.5)).toBeLessThanOrEqual(MEDIAN_MAX);
  });

  it.each(files.filter((file) => /^libs\/[^/]+\/src\/index\.ts$/.test(file)))(
    'keeps the surface of %s small',
    (file) => {
      const text = read(file);
      const names = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) =>
        list.split(','),
      );
      expect(names.filter((name) => name.trim() !== '').length).toBeLessThanOrEqual(
        EXPORTS_MAX_OF[file] ?? EXPORTS_MAX,
      );
      // A star hides how wide the door is.
      expect(text).not.toMatch(/export \*/);
    },
  );
});
