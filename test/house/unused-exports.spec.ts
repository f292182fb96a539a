import path from 'node:path';
import { read, trackedFiles } from './tracked-files';

type Texts = Readonly<Record<string, string>>;

/** What a process, a thread or jest loads without an import. */
const STARTED = /\/main\.ts$|\.(jobs|worker|spec|contract)\.ts$/;
const DECLARED = /^export (?:abstract |async )*(const|let|function\*?|class|enum|interface|type) (\w+)/gm;
const PASSED_ON = /^export (?:type )?\{([^{}]*)\}/gm;
const BY_NAME = /(?:import|export|const) (?:type )?\{([^{}]*)\} (?:from |= require\()'([^']+)'/g;
const AS_A_WHOLE = /(?:\* as \w+ from |\b(?:import|require)\()'(\.[^']+)'/g;

/** The parts of `a, type b as c`: what it is called where it comes from, and where it goes. */
function namesIn(list: string): { from: string; to: string }[] {
  return list
    .split(',')
    .map((part) =>
      part
        .trim()
        .replace(/^type /, '')
        .split(' as '),
    )
    .map(([from = '', to = from]) => ({ from, to }))
    .filter(({ from }) => from !== '');
}

function fileOf(importer: string, module: string): string {
  if (module.startsWith('#libs/')) return `libs/${module.slice('#libs/'.length)}/src/index.ts`;
  const file = path.join(path.dirname(importer), module).replace(/^dist\//, '');
  return /\.[mc]js$/.test(file) ? file : `${file.replace(/\.[jt]s$/, '')}.ts`;
}

/** `file name`, and `file *` of what is taken as a whole. */
function importsOf([importer, text]: readonly [string, string]): string[] {
  const byName = [...text.matchAll(BY_NAME)].flatMap(([, list = '', module = '']) =>
    namesIn(list).map(({ from }) => `${fileOf(importer, module)} ${from}`),
  );
  return [...byName, ...[...text.matchAll(AS_A_WHOLE)].map(([, module = '']) => `${fileOf(importer, module)} *`)]; // prettier-ignore
}

/** A type is also of use where its own file names it again: as what an exported function takes or gives. */
function exportsOf(text: string): string[] {
  const declared = [...text.matchAll(DECLARED)]
    .filter(
      ([, kind, name = '']) =>
        !/type|interface/.test(kind ?? '') || text.split(new RegExp(`\\b${name}\\b`)).length < 3,
    ) // prettier-ignore
    .map(([, , name = '']) => name);
  return [...declared, ...[...text.matchAll(PASSED_ON)].flatMap(([, list = '']) => namesIn(list).map(({ to }) => to))]; // prettier-ignore
}

function unusedExports(texts: Texts): string[] {
  const imported = new Set(Object.entries(texts).flatMap(importsOf));
  return Object.entries(texts)
    .filter(([file]) => !STARTED.test(file) && !imported.has(`${file} *`))
    .flatMap(([file, text]) => exportsOf(text).map((name) => `${file} ${name}`))
    .filter((name) => !imported.has(name));
}

describe('exports', () => {
  it('are imported by another file', () => {
    const code = trackedFiles().filter((file) => /^\w+\/.*\.(ts|mjs|cjs)$/.test(file));
    expect(unusedExports(Object.fromEntries(code.map((file) => [file, read(file)])))).toEqual([]);
  });

  it('are reported where nobody imports them', () => {
    const texts = {
      'libs/kernel/src/index.ts': "export { used, unused, type Said } from './words';",
      'libs/kernel/src/words.ts':
        'export type Said = string;\nexport type Lost = 1;\nexport const used: Said = "";\nexport const unused = 2;\nexport function lost() {}\n',
      'services/access/src/main.ts': "import { used as known, type Said } from '#libs/kernel';",
    };
    expect(unusedExports(texts)).toEqual([
      'libs/kernel/src/index.ts unused',
      'libs/kernel/src/words.ts Lost',
      'libs/kernel/src/words.ts lost',
    ]);
  });
});
