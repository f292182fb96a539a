import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync, type Options } from '@swc/core';

const settings = JSON.parse(readFileSync(path.join(__dirname, '../../.swcrc'), 'utf8')) as Options;

/** Runs a function's source as .swcrc has it compiled and as it is, in a V8 that answers questions about itself. */
function hiddenClasses(source: string): { compiled: number; asWritten: number } {
  const { code } = transformSync(`const make = ${source};`, { ...settings, swcrc: false, sourceMaps: false });
  return { compiled: count(code), asWritten: count(`const make = ${source};`) };
}

function count(code: string): number {
  const counting = `
    ${code}
    for (let n = 0; n < 20_000; n += 1) make({ a: n, b: 2 });
    const kinds = [];
    for (let n = 0; n < 50; n += 1) {
      const made = make({ a: n, b: 2 });
      if (!kinds.some((kind) => %HaveSameMap(kind, made))) kinds.push(made);
    }
    process.stdout.write(String(kinds.length));`;
  return Number(
    execFileSync(process.execPath, ['--allow-natives-syntax', '-e', counting], { encoding: 'utf8' }),
  );
}

const onNode20 = process.versions.node.startsWith('20.') ? it : it.skip;

// V8 of Node 20 gives each object that grows behind a spread a hidden class of its own: making it takes 2 µs, and every
// look at it misses V8's caches. Hence .swcrc has spreads compiled (docs/performance.md). Node 24's V8 does not: once we
// no longer run on Node 20, the setting can go.
describe('an object that grows behind a spread', () => {
  it.each([
    '(it) => ({ ...it, c: 1 })',
    '(it) => ({ ...it, ...{ c: 1 } })',
    '(it) => ({ c: 1, ...it, d: 2 })',
  ])('shares its hidden class with its like once compiled: %s', (source) => {
    expect(hiddenClasses(source).compiled).toBe(1);
  });

  onNode20('has one of its own as written', () => {
    expect(hiddenClasses('(it) => ({ ...it, c: 1 })').asWritten).toBe(50);
  });
});

// What Object.assign does otherwise, scripts/no-proto-setter.cjs takes away.
describe('an object spread from JSON that names a prototype', () => {
  it('has that name as a key and no other prototype', () => {
    const copy = { ...(JSON.parse('{"__proto__":{"role":"owner"}}') as object), b: 2 };
    expect(Object.keys(copy)).toEqual(['__proto__', 'b']);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect('role' in copy).toBe(false);
  });
});
